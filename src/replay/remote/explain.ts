/** Why a block came out otherwise: fields of the header, the transaction, the step of the EVM, and the rule that decides it (docs/derivation.md). */
import type { DerivationContext, DerivedBlock } from '../../derive/blocks.ts'
import type { StateSource } from '../../engine/state/source.ts'
import type { BlockHeader } from '../../primitives/header.ts'
import { bytesToHex, type Hash } from '../../primitives/hex.ts'
import { keccak256Hex } from '../../primitives/keccak.ts'
import type { SourceFault } from '../../protocol/protocol.ts'
import type { Canonical } from './canonical.ts'
import type { L2Node, SealedHeader } from './l2Node.ts'
import { findStep, type StepDifference } from './traceDifference.ts'

export type FieldDifference = { readonly field: string; readonly ours: string; readonly expected: string }

/** Survives a structured clone. */
export type Difference = {
  readonly block: bigint
  /** Absent where the chain has a block that the proposal does not make. */
  readonly ours?: Hash
  /** Absent where the proposal makes a block that the chain does not have. */
  readonly expected?: Hash
  /** Of the header, in its order. */
  readonly fields: readonly FieldDifference[]
  /** The first that is not the same; by its place in the block. */
  readonly transaction?: { readonly index: number; readonly hash: Hash }
  readonly step?: StepDifference
  /** Whether EthereumJS's interpreter makes of the block what ours does. */
  readonly interpreters?: string
  /** Of docs/derivation.md. */
  readonly rule?: string
  readonly sentence: string
}

export type Found = {
  readonly deps: { readonly nodes: readonly [L2Node, ...L2Node[]] }
  readonly context: DerivationContext
  /** After the parent. */
  readonly state: StateSource
  readonly block: DerivedBlock
  readonly expected: SealedHeader | undefined
  readonly canonical: Canonical
  readonly faults: readonly { readonly sourceIndex: number; readonly fault: SourceFault }[]
}

/** What decides a field that derivation fills before anything is executed. */
const FIELD_RULES: Readonly<Record<string, string>> = {
  timestamp: 'D-41',
  coinbase: 'D-60',
  gasLimit: 'D-60',
  mixHash: 'D-61',
  extraData: 'D-63',
  baseFeePerGas: 'D-65',
  difficulty: 'D-92',
}
const DERIVED_FIELDS = ['timestamp', 'coinbase', 'gasLimit', 'mixHash', 'extraData', 'baseFeePerGas']
const FIELDS = [
  ...[
    'parentHash',
    ...DERIVED_FIELDS,
    'transactionsRoot',
    'receiptsRoot',
    'logsBloom',
    'gasUsed',
    'difficulty',
  ],
  ...['stateRoot', 'withdrawalsRoot', 'ommersHash', 'nonce', 'blobGasUsed', 'excessBlobGas'],
  ...['parentBeaconBlockRoot', 'requestsHash'],
] as const

export async function explainDifference(found: Found): Promise<Difference> {
  const { block, expected, canonical, faults } = found
  const { header, hash } = block.executed
  const fault = faults.find(({ sourceIndex }) => sourceIndex === block.sourceIndex)?.fault
  const known = { block: header.number, ours: hash, ...(expected && { expected: expected.hash }) }
  if (expected === undefined)
    return {
      ...{ ...known, fields: [], ...(fault && { rule: fault.rule }) },
      sentence: `the proposal makes a block ${header.number} here, the chain has ${canonical.blocks.length} of it`,
    }
  const fields = compareHeaders(header, expected.header)
  const first = fields.find(({ field }) => DERIVED_FIELDS.includes(field))
  if (first !== undefined) {
    const rule = fault?.rule ?? FIELD_RULES[first.field]
    return {
      ...{ ...known, fields, ...(rule && { rule }) },
      sentence:
        `${first.field} of block ${header.number} is ${first.ours} here and ${first.expected} on the chain, before anything is executed` +
        (fault ? `; its source was replaced for ${fault.name} (${fault.detail})` : ''),
    }
  }
  const interpreters = await judge(found)
  return { ...known, fields, interpreters, ...(await explainExecution(found, fields)) }
}

async function explainExecution(
  found: Found,
  fields: readonly FieldDifference[],
): Promise<Pick<Difference, 'transaction' | 'step' | 'rule' | 'sentence'>> {
  const { block, deps } = found
  const { header, transactions, dropped } = block.executed
  const [node] = deps.nodes
  const theirs = await node.transactions(header.number)
  const places = Math.max(transactions.length, theirs.length)
  const index = Array.from({ length: places }, (_, i) => i).find((i) => transactions[i]?.hash !== theirs[i])
  if (index !== undefined) return explainList(found, theirs, index)
  const receipts = await node.receipts(header.number)
  const byReceipt = transactions.findIndex(({ receipt }, i) => {
    const other = receipts?.[i]
    return (
      other &&
      (receipt.cumulativeGasUsed !== other.cumulativeGasUsed || receipt.succeeded !== other.succeeded)
    )
  })
  const place = byReceipt < 0 ? undefined : byReceipt
  const step = await findStep(found, place)
  const at = step?.transaction ?? place
  const names = fields.map(({ field }) => field).join(', ')
  const rule = fields.length === 1 ? FIELD_RULES[fields[0]?.field ?? ''] : undefined
  const which = at === undefined ? undefined : transactions[at]
  return {
    ...(which && at !== undefined && { transaction: { index: at, hash: which.hash } }),
    ...(step && { step: step.difference }),
    ...(rule && { rule }),
    sentence:
      `${names} of block ${header.number} are others here, over the same ${transactions.length} transactions` +
      (which ? `; transaction ${at} (${which.hash}) is the first that goes another way` : '') +
      (step ? `: ${step.difference.sentence}` : ''),
  }

  function explainList(
    { block: { manifest } }: Found,
    others: readonly Hash[],
    at: number,
  ): Pick<Difference, 'transaction' | 'rule' | 'sentence'> {
    const ours = transactions[at]
    const other = others[at]
    const reason = dropped.find(({ listedIndex }) => {
      const listed = manifest.transactions[listedIndex]
      return listed !== undefined && other !== undefined && keccak256Hex(listed.raw) === other
    })
    const rule = reason?.rule ?? (at === 0 ? 'D-67' : 'D-72')
    const hash = other ?? ours?.hash
    return {
      ...(hash && { transaction: { index: at, hash } }),
      rule,
      sentence:
        `transaction ${at} of block ${header.number} is ${ours?.hash ?? 'none'} here and ${other ?? 'none'} on the chain` +
        (reason ? `; that one was dropped here: ${reason.reason}` : ''),
    }
  }
}

/** The block on both interpreters, as the engine's own check has it. */
async function judge({ context, state, block }: Found): Promise<string> {
  const { attributes } = block
  try {
    await context.engine.review({ attributes, state, ancestorHash: context.ancestorHash })
    return 'both interpreters make the same of the block'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function compareHeaders(ours: BlockHeader, expected: BlockHeader): readonly FieldDifference[] {
  return FIELDS.flatMap((field) => {
    const [a, b] = [textOf(ours[field as keyof BlockHeader]), textOf(expected[field as keyof BlockHeader])]
    return a === b ? [] : [{ field, ours: a, expected: b }]
  })
}

function textOf(value: BlockHeader[keyof BlockHeader]): string {
  return value instanceof Uint8Array ? bytesToHex(value) : String(value ?? 'absent')
}
