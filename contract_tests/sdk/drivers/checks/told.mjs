// What listeners were told, in order, and a way to wait for the next of it.
export class Told {
  all = [];
  #wake = () => {};

  /** A listener that notes this word, and the recording's state at this moment. */
  as(word) {
    return (recording) => {
      this.all.push(recording === undefined ? word : `${word} ${recording.state}`);
      this.#wake();
    };
  }

  async until(length) {
    while (this.all.length < length) await new Promise((resolve) => (this.#wake = resolve));
    return this.all;
  }
}
