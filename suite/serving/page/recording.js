// The microphone, as a WAV file.

const MAX_SECONDS = 600;

/** Why the page cannot record, as a sentence; "" if it can. */
export function whyNot() {
  if (!window.isSecureContext) {
    return "Browsers let a page record only on this machine (localhost) or over https.";
  }
  if (!navigator.mediaDevices?.getUserMedia || typeof AudioWorkletNode === "undefined") {
    return "This browser does not let a page record.";
  }
  return "";
}

/**
 * Record until `stop()` of what is returned is called, which gives the file.
 *
 * `onLevel(level, seconds)` is told how loud it is, from 0 to 1, and how long it has been.
 */
export async function record(rate, onLevel) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch (error) {
    throw new Error(
      error.name === "NotFoundError"
        ? "There is no microphone."
        : "The browser does not let this page use the microphone: allow it beside the address and try again.",
    );
  }
  const context = new AudioContext();
  const pieces = [];
  let length = 0;
  try {
    await context.audioWorklet.addModule("page/recorder.js");
  } catch (error) {
    close(stream, context);
    throw error;
  }
  const source = context.createMediaStreamSource(stream);
  const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0 });
  recorder.port.onmessage = ({ data }) => {
    if (length >= MAX_SECONDS * context.sampleRate) return;
    pieces.push(data);
    length += data.length;
    let sum = 0;
    for (const sample of data) sum += sample * sample;
    onLevel(Math.min(1, Math.sqrt(sum / data.length) * 4), length / context.sampleRate);
  };
  source.connect(recorder);
  return {
    async stop() {
      recorder.port.onmessage = null;
      source.disconnect();
      const from = context.sampleRate;
      close(stream, context);
      const samples = new Float32Array(length);
      let offset = 0;
      for (const piece of pieces) {
        samples.set(piece, offset);
        offset += piece.length;
      }
      return wav(await resampled(samples, from, rate), rate);
    },
  };
}

function close(stream, context) {
  for (const track of stream.getTracks()) track.stop();
  context.close();
}

async function resampled(samples, from, to) {
  if (from === to || !samples.length) return samples;
  const offline = new OfflineAudioContext(1, Math.max(1, Math.round((samples.length * to) / from)), to);
  const buffer = offline.createBuffer(1, samples.length, from);
  buffer.copyToChannel(samples, 0);
  const source = offline.createBufferSource();
  source.buffer = buffer;
  source.connect(offline.destination);
  source.start();
  return (await offline.startRendering()).getChannelData(0);
}

/** Samples from -1 to 1 as a WAV file of 16 bits and one channel. */
export function wav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (offset, letters) => [...letters].forEach((letter, index) => view.setUint8(offset + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // the length of what follows
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true); // bytes per second
  view.setUint16(32, 2, true); // bytes per frame
  view.setUint16(34, 16, true); // bits
  text(36, "data");
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, index) => {
    view.setInt16(44 + index * 2, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true);
  });
  return new File([view.buffer], "recording.wav", { type: "audio/wav" });
}
