/** Two executions of the same list held against each other: gas, receipts, logs, what was left out, zk gas, and all that changed. */
import { bytesToHex } from '../../primitives/hex.ts'
import { toJson } from '../../primitives/json.ts'
import type { DroppedTransaction, ExecutedTransaction } from '../engine.ts'
import type { StateChanges } from '../state/source.ts'

/** What a run of a block has come to. */
export type Outcome = {
  readonly transactions: readonly ExecutedTransaction[]
  readonly dropped: readonly DroppedTransaction[]
  /** Undefined where EthereumJS's steps could not be counted. */
  readonly zkGas: bigint | undefined
  readonly changes: StateChanges
}

export type Difference = {
  /** Of what, as in "gas used of transaction 3". */
  readonly what: string
  readonly ours: string
  readonly stock: string
}

/** The first one, in the order in which it came to be. */
export function compareOutcomes(ours: Outcome, stock: Outcome): Difference | undefined {
  const most = Math.max(ours.transactions.length, stock.transactions.length)
  for (let place = 0; place < most; place++) {
    const found = compareTransactions(place, ours.transactions[place], stock.transactions[place])
    if (found !== undefined) return found
  }
  // A reason may name the same thing in other words; the rule is what counts.
  const dropped = ({ dropped }: Outcome) =>
    toJson(dropped.map(({ listedIndex, rule }) => [listedIndex, rule]))
  return (
    compareText('list of what was left out', dropped(ours), dropped(stock)) ??
    (ours.zkGas === undefined || stock.zkGas === undefined
      ? undefined
      : compareText('zk gas', `${ours.zkGas}`, `${stock.zkGas}`)) ??
    compareChanges(ours.changes, stock.changes)
  )
}

function compareTransactions(
  place: number,
  ours: ExecutedTransaction | undefined,
  stock: ExecutedTransaction | undefined,
): Difference | undefined {
  const of = (what: string) => `${what} of transaction ${place}`
  const absent = { ours: ours?.hash ?? 'none', stock: stock?.hash ?? 'none' }
  if (ours === undefined || stock === undefined || ours.hash !== stock.hash)
    return { what: of('hash'), ...absent }
  const { receipt: our } = ours
  const { receipt: their } = stock
  return (
    compareText(of('gas used'), `${ours.gasUsed}`, `${stock.gasUsed}`) ??
    compareText(of('success'), `${our.succeeded}`, `${their.succeeded}`) ??
    compareText(of('created contract'), `${ours.createdContract}`, `${stock.createdContract}`) ??
    compareText(of('logs'), toJson(our.logs), toJson(their.logs)) ??
    compareText(of('cumulative gas'), `${our.cumulativeGasUsed}`, `${their.cumulativeGasUsed}`)
  )
}

export function compareChanges(ours: StateChanges, stock: StateChanges): Difference | undefined {
  const [our, their] = [describeChanges(ours), describeChanges(stock)]
  for (const key of new Set([...our.keys(), ...their.keys()])) {
    const found = compareText(key, our.get(key) ?? 'as before', their.get(key) ?? 'as before')
    if (found !== undefined) return found
  }
  return undefined
}

function describeChanges({ accounts, storage, code }: StateChanges): Map<string, string> {
  const lines = new Map<string, string>()
  for (const [address, account] of accounts) {
    const { nonce, balance, codeHash } = account ?? {}
    const fields = `nonce ${nonce}, balance ${balance}, code ${codeHash}`
    lines.set(`account ${address}`, account === null ? 'gone' : fields)
  }
  for (const [address, { cleared, slots }] of storage) {
    if (cleared) lines.set(`storage of ${address}`, 'cleared')
    for (const [slot, value] of slots) lines.set(`slot ${slot} of ${address}`, bytesToHex(value))
  }
  for (const hash of code.keys()) lines.set(`code ${hash}`, 'new')
  return lines
}

function compareText(what: string, ours: string, stock: string): Difference | undefined {
  return ours === stock ? undefined : { what, ours, stock }
}
