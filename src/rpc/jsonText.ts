/** A part of an answer that is JSON already: what another process has written is neither parsed nor written again on the node's own thread. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Where it is inside of something else. */
  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/** JSON of a whole result. */
export function resultText(result: unknown): string {
  return result instanceof JsonText ? result.text : JSON.stringify(result)
}
