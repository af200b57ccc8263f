// A mail server that prints its port and then, for each message, what a mail program reads in it.
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";

const server = new SMTPServer({
  disabledCommands: ["AUTH", "STARTTLS"],
  onData(stream, session, done) {
    simpleParser(stream).then((mail) => {
      const { subject, text, html, messageId, from, to } = mail;
      const { envelope } = session;
      const rcpt = envelope.rcptTo.map((each) => each.address);
      const [sender, recipient] = [from.value[0], to.value[0]];
      console.log(JSON.stringify({ subject, text, html, messageId, sender, recipient, rcpt }));
      done();
    }, done);
  },
});
server.listen(0, "127.0.0.1", () => console.log(server.server.address().port));
