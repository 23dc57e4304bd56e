/** The one sink of log lines: text for a person at a terminal, one JSON object a line for machines. */
import { Writable } from 'node:stream'
import { type DestinationStream, pino, stdSerializers } from 'pino'
import pretty from 'pino-pretty'
import type { Logger } from './log.ts'
import { redactUrls } from './redact.ts'

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'silent'
export type LogFormat = 'text' | 'json'

export type LogOptions = {
  readonly level: LogLevel
  readonly format: LogFormat
  /** Default: standard output. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/** Text on a terminal, JSON otherwise. */
export function defaultLogFormat(stream: { readonly isTTY?: boolean } = process.stdout): LogFormat {
  return stream.isTTY === true ? 'text' : 'json'
}

export function createLogger(options: LogOptions): Logger {
  const stream = options.stream ?? process.stdout
  const sink = options.format === 'text' ? textSink(stream) : jsonSink(stream)
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause },
      messageKey: 'msg',
    },
    sink,
  )
}

/** Redaction works on whole lines, so that no field, message or stack can go around it. */
function jsonSink(stream: NodeJS.WritableStream): DestinationStream {
  return { write: (line) => void stream.write(redactUrls(line)) }
}

function textSink(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }): DestinationStream {
  const redacting = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      stream.write(redactUrls(String(chunk)))
      done()
    },
  })
  return pretty({
    destination: redacting,
    colorize: stream.isTTY === true,
    singleLine: true,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
    errorLikeObjectKeys: ['error'],
    sync: true,
  })
}
