// What was pressed and has not been obeyed yet. Each message to the server holds all of it, so that presses which come
// faster than answers are obeyed once each and in their order.

export class Presses {
  constructor() {
    this.serial = 0;
    this.waiting = [];
  }

  get areWaiting() {
    return this.waiting.length > 0;
  }

  /** Notes what the server has obeyed: the serial of the last press that it knows. */
  heard(obeyed) {
    this.serial = Math.max(this.serial, obeyed);
    this.waiting = this.waiting.filter((press) => press.serial > obeyed);
  }

  /** Adds a press and gives everything that is waiting; of several moves to a source only the last matters. */
  add(press) {
    this.serial += 1;
    const last = this.waiting.at(-1);
    if (press.do === "go" && last?.do === "go") this.waiting.pop();
    this.waiting.push({ ...press, serial: this.serial });
    return [...this.waiting];
  }
}
