"""Every command of the command line and where it lives."""

from cyclopts import App

from crosslane import __version__

app = App(
    name="crosslane",
    version=__version__,
    help="One order management hub for every channel of a retailer.",
)
# Files are named, not imported: `crosslane tenant list` need not load a web server.
app.command("crosslane.cli.serve:serve", name="serve", help="Start Crosslane and keep it running.")
app.command(
    "crosslane.cli.migration:migrate", name="migrate", help="Bring every tenant up to date."
)
app.command(
    "crosslane.cli.restored:restored",
    name="restored",
    help="Say that the database is a restored backup, before anybody reads on.",
)
app.command(
    "crosslane.cli.verification:verify",
    name="verify",
    help="Recompute every balance and status from the journals.",
)
app.command(
    "crosslane.cli.simulate:simulate",
    name="simulate",
    help="Decide the last days again under other rules, places or prices.",
)
app.command(
    "crosslane.cli.reference:reference", name="reference", help="Print every route of the API."
)
app.command(
    "crosslane.cli.schema:schema", name="schema", help="Print schemas of events and messages."
)
app.command("crosslane.cli.listen:listen", name="listen", help="Print public events as they come.")

tenant = App(name="tenant", help="The retailers on this installation.")
tenant.command("crosslane.cli.tenant:create", name="create", help="Make a tenant.")
tenant.command("crosslane.cli.tenant:show", name="list", help="List the tenants.")
tenant.command("crosslane.cli.tenant:key", name="key", help="Make an API key, when all are lost.")
tenant.command("crosslane.cli.tenant:drop", name="drop", help="Remove a tenant for good.")
app.command(tenant)

customers = App(name="customers", help="What is known of a customer.")
customers.command("crosslane.cli.customers:erase", name="erase", help="Forget a customer.")
customers.command("crosslane.cli.customers:export", name="export", help="Print what is known.")
app.command(customers)
worth = App(name="sourcing", help="What sourcing does by the clock, by hand.")
worth.command(
    "crosslane.cli.sourcing:prices", name="prices", help="What stock is worth to later orders."
)
app.command(worth)
channel = App(name="channel", help="What channels send.")
channel.command("crosslane.cli.channel:parse", name="parse", help="Read a file, apply nothing.")
app.command(channel)

adapter = App(name="adapter", help="What makes a format a channel may speak.")
adapter.command("crosslane.cli.adapter:new", name="new", help="Begin a package with one.")
adapter.command("crosslane.cli.adapter:check", name="check", help="Prove one by every rule.")
app.command(adapter)
app.command("crosslane.cli.demo:demo", name="demo", help="Found a retailer and replay real orders.")

bench = App(name="bench", help="Measure, against what was agreed on or against a baseline.")
for name, what in (
    ("ready", "From the command to the first answer, cold and warm."),
    ("memory", "Peak memory of web processes."),
    ("availability", "Availability asked by 64 clients at once."),
    ("place", "Whole orders a second over HTTP, beside pgbench."),
    ("dialogue", "Carts that become orders in seven calls, beside a bare route."),
    ("promise", "Promises of a cart at fifty places, in the kernel and over HTTP."),
    ("receipts", "What receipts of sourcing cost, with and without them in turn."),
    ("feed", "Positions a second of a supply feed, beside COPY."),
    ("grow", "Placing with a million orders stored, a thousand places, 100,000 articles."),
    ("neighbours", "How long one retailer waits while another floods."),
    ("react", "Events a second that reactions read, and how far behind they are."),
    ("sourcing", "The planner on instance files: looking ahead, each order alone, the nearest."),
    ("intake", "Orders of channels read, and deliveries that come again."),
    ("returns", "Returns settled a second through the lane, beside one by one."),
    ("screens", "What pages weigh, and when their first byte is there."),
    ("parse", "How fast day files of others are read to canonical messages."),
    ("offers", "How fast a channel is told what it may sell, in full and what has moved."),
    ("abuse", "Who is caught and who passes in years with abuse of returns planted."),
    ("lists", "Pages of orders when a million are stored, beside one order read by its key."),
    ("statement", "The statement of a store-year, beside adding up its postings."),
    ("instance", "Write an instance file that is made up."),
    ("reoptimise", "Open orders decided together, a retailer's or those of instance files."),
):
    bench.command(f"crosslane.cli.bench:{name}", name=name, help=what)
bench.command("crosslane.cli.bench:every", name="all", help="All of them.")
app.command(bench)
