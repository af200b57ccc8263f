// Scanning with the camera: by the browser itself where it can, else by ZXing, which is loaded then.

const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "code_39", "itf", "qr_code"];
const LOOK_MS = 150;

/** Open the camera over the page; what it reads is given to found(text), once. */
export const open = async ({ zxing, found, failed, close: closes }) => {
  const dialog = document.createElement("dialog");
  dialog.className = "camera";
  const video = document.createElement("video");
  [video.muted, video.playsInline] = [true, true];
  const close = document.createElement("button");
  close.className = "button button-icon";
  close.setAttribute("aria-label", closes);
  close.textContent = "\u00d7";
  dialog.append(video, close);
  document.body.append(dialog);
  let stream = null, running = true, reader = null;
  const end = () => {
    running = false;
    reader?.reset();
    for (const track of stream?.getTracks() ?? []) track.stop();
    dialog.remove();
  };
  close.addEventListener("click", end);
  dialog.addEventListener("close", end);
  dialog.showModal();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    await video.play();
    const text = await ("BarcodeDetector" in window ? byBrowser(video, () => running) : byZxing(zxing, stream, video, (made) => { reader = made; }));
    end();
    if (text) found(text);
  } catch (error) {
    end();
    if (running || error.name) failed(error.message || error.name);
  }
};

const byBrowser = async (video, running) => {
  const known = await BarcodeDetector.getSupportedFormats();
  const detector = new BarcodeDetector({ formats: FORMATS.filter((one) => known.includes(one)) });
  while (running()) {
    const [first] = await detector.detect(video);
    if (first) return first.rawValue;
    await new Promise((next) => setTimeout(next, LOOK_MS));
  }
  return "";
};

const byZxing = async (address, stream, video, made) => {
  if (!window.ZXing) await new Promise((loaded, missing) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = loaded;
    script.onerror = missing;
    document.head.append(script);
  });
  const reader = new window.ZXing.BrowserMultiFormatReader();
  made(reader);
  return (await reader.decodeOnceFromStream(stream, video)).getText();
};
