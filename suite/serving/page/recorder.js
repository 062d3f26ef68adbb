// Runs beside the page, in the thread of the sound: hands on what the microphone hears, as it is.

class Recorder extends AudioWorkletProcessor {
  process(inputs) {
    const channels = inputs[0];
    if (channels.length) {
      const mixed = new Float32Array(channels[0].length);
      for (const channel of channels) {
        for (let index = 0; index < mixed.length; index += 1) mixed[index] += channel[index] / channels.length;
      }
      this.port.postMessage(mixed, [mixed.buffer]);
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
