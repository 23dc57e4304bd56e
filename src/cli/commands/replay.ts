/** `plumbline replay FILE…`: captured proposals through our own derivation and execution, and single blocks through our execution, block by block. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Command } from 'commander'
import { createEngine } from '../../engine/vm.ts'
import { loadKzg } from '../../l1/kzg.ts'
import { executeBlock } from '../../replay/execution/executeBlock.ts'
import type { ExecutionInput } from '../../replay/execution/executionFile.ts'
import { formatWitnessFile } from '../../replay/file/witnessFile.ts'
import { requireInput } from '../../replay/input.ts'
import { readReplayable } from '../../replay/readInput.ts'
import { replay } from '../../replay/replay.ts'
import type { RollupSpec } from '../../spec/rollupSpec.ts'
import { addOptions, loadConfig } from '../config/load.ts'
import { REPLAY_OPTIONS } from '../config/replayOptions.ts'
import { ConfigError } from '../config/resolve.ts'
import { specOf } from '../nodeConfig.ts'
import { replayFromL1 } from './replayFromL1.ts'

/** One line of `--json`; the field names are a contract with whoever reads them. */
type ReplayRow = {
  readonly file: string
  readonly block: number
  readonly hash: string
  readonly expected: string
  readonly match: boolean
  readonly gasUsed: number
  /** Transactions in the block, the anchor included. */
  readonly txs: number
  readonly dropped: number
  readonly ms: number
}

export function replayCommand(): Command {
  const command = new Command('replay')
    .description('re-derive and re-execute proposals, from files or from L1, and compare every block hash')
    .argument(
      '[files...]',
      'guest inputs of the provers (raiko, gaiko), witness files, or blocks with execution witnesses',
    )
    .option('--json', 'one JSON line a block, or a proposal')
    .option('--record <file>', 'write a witness file of our own that replays alone (one input only)')
  return addOptions(command, REPLAY_OPTIONS).action(async (files: string[], flags) => {
    const config = loadConfig(REPLAY_OPTIONS, flags)
    const { json = false, record } = flags as Pick<ReplayOptions, 'record'> & { json?: boolean }
    if (config.get('proposal') !== undefined) {
      if (files.length > 0 || record !== undefined)
        throw new ConfigError('--proposal replays from L1: not together with files or --record')
      return replayFromL1(config, json)
    }
    if (files.length === 0) throw new ConfigError('files are needed, or --proposal')
    if (record !== undefined && files.length !== 1)
      throw new ConfigError('--record takes one input at a time')
    const isNamed = config.get('network') !== undefined || config.get('rollup.config') !== undefined
    const spec = isNamed ? await specOf(config) : undefined
    let allMatch = true
    for (const file of files)
      allMatch =
        (await replayFile(file, { json, ...(record && { record }), ...(spec && { spec }) })) && allMatch
    if (!allMatch) process.exitCode = 1
  })
}

type ReplayOptions = {
  readonly json: boolean
  readonly record?: string
  /** Of a block with an execution witness that does not say its chain. */
  readonly spec?: RollupSpec
}

async function replayFile(file: string, options: ReplayOptions): Promise<boolean> {
  const print = options.json ? printJson : printText
  try {
    const read = readReplayable(readFileSync(file, 'utf8'), options.spec)
    if (read.type === 'block') {
      requireInput(options.record === undefined, 'only what was derived from a proposal can be recorded')
      return await replayBlock(file, read.input, print)
    }
    const { input } = read
    const engine = createEngine({ spec: input.spec })
    let allMatch = true
    // The KZG setup takes two seconds to load; it is no part of a block's time.
    await loadKzg()
    let start = performance.now()
    for await (const { executed, expected } of replay(input, engine)) {
      const { header, hash, transactions, dropped } = executed
      const now = performance.now()
      const row: ReplayRow = {
        file: basename(file),
        block: Number(header.number),
        hash,
        expected,
        match: hash === expected,
        gasUsed: Number(header.gasUsed),
        txs: transactions.length,
        dropped: dropped.length,
        ms: Math.round(now - start),
      }
      start = now
      allMatch &&= row.match
      print(row)
    }
    await engine.close()
    if (options.record !== undefined && allMatch) writeFileSync(options.record, formatWitnessFile(input))
    return allMatch
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const failure = { file: basename(file), match: false, error: reason }
    if (options.json) console.log(JSON.stringify(failure))
    else console.error(`${failure.file}: ${reason}`)
    return false
  }
}

async function replayBlock(
  file: string,
  input: ExecutionInput,
  print: (row: ReplayRow) => void,
): Promise<boolean> {
  await loadKzg()
  const start = performance.now()
  const { header, hash, expected, transactions } = await executeBlock(input)
  const match = hash === expected
  print({
    file: basename(file),
    block: Number(header.number),
    ...{ hash, expected, match },
    gasUsed: Number(header.gasUsed),
    txs: transactions.length,
    // What was dropped is not in a block.
    dropped: 0,
    ms: Math.round(performance.now() - start),
  })
  return match
}

function printJson(row: ReplayRow): void {
  console.log(JSON.stringify(row))
}

function printText(row: ReplayRow): void {
  const verdict = row.match ? 'matches' : `DIFFERS from ${row.expected}`
  console.log(
    `${row.file}  block ${row.block}  ${row.hash}  ${verdict}  ` +
      `${row.txs} transactions, ${row.dropped} dropped, ${row.gasUsed} gas, ${row.ms} ms`,
  )
}
