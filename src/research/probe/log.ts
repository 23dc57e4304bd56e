/** The log of an experiment: every event is on the disk before whatever it announces is done. */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { CriticalError } from '../../primitives/errors.ts'
import { type ProbeEvent, parseEvent } from './events.ts'

export type ProbeLog = {
  events(): readonly ProbeEvent[]
  append(...events: readonly ProbeEvent[]): void
  close(): void
}

/** What a process that was killed left unfinished at the end is cut off: nothing was done on it yet. */
export function openProbeLog(path: string): ProbeLog {
  const file = openSync(path, 'a+')
  const text = readFileSync(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  ftruncateSync(file, Buffer.byteLength(whole))
  const events = readEvents(whole, path)
  return {
    events: () => events,
    append(...added) {
      // To the end: a disk may take less than a whole line at once.
      writeFileSync(file, added.map((event) => `${JSON.stringify(event)}\n`).join(''))
      fdatasyncSync(file)
      events.push(...added)
    },
    close: () => closeSync(file),
  }
}

function readEvents(text: string, path: string): ProbeEvent[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return parseEvent(line)
      } catch (cause) {
        throw new CriticalError(`line ${index + 1} of ${path} is no event of a probe`, { cause })
      }
    })
}
