/**
 * Whether the inbox is one whose rules this version has, as it stands at the start: the code behind its proxy, and the shape and sense of
 * what it says of itself. Later upgrades are seen as events, and stop derivation there (derive/inboxItems.ts).
 */
import { type Abi, decodeFunctionResult, encodeFunctionData, slice } from 'viem'
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, type Hex, toQuantity, ZERO_ADDRESS } from '../primitives/hex.ts'
import { inboxAbi } from '../protocol/shasta/abi.ts'
import { isOfInbox, type RollupSpec } from '../spec/rollupSpec.ts'
import type { Logger } from '../telemetry/log.ts'
import type { L1Header } from './l1.ts'
import type { L1Provider } from './provider.ts'
import type { L1Reader } from './reader.ts'
import { readBytes, readHex, readObject } from './rpcJson.ts'
import { readStorage } from './storageProof.ts'

export type InboxAssertionInput = {
  readonly spec: RollupSpec
  readonly provider: L1Provider
  readonly reader: Pick<L1Reader, 'headerByTag' | 'headersByNumber'>
  readonly log: Logger
  readonly signal?: AbortSignal | undefined
}

/** EIP-1967: keccak256('eip1967.proxy.implementation') − 1. */
const IMPLEMENTATION_SLOT: Hash = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc'
/** So far behind the head, a block is rarely reorged while it is asked for; its state is still there. */
const SETTLED_BLOCKS = 4n
const WORD_BYTES = 32
/** Members of the structs; both are of one word each. */
const CONFIG_BYTES = 17 * WORD_BYTES
const CORE_STATE_BYTES = 6 * WORD_BYTES
const PERCENT_MAX = 100

/** CriticalError where the inbox runs, or is, something else. What cannot be read is logged, and no reason to stop. */
export async function assertInbox(input: InboxAssertionInput): Promise<void> {
  if (!input.spec.forks.some(({ name }) => isOfInbox(name))) return
  await assertImplementation(input)
  await assertView(input, 'getConfig', CONFIG_BYTES, (data) => configProblem(input.spec, data))
  await assertView(input, 'getCoreState', CORE_STATE_BYTES, coreStateProblem)
}

async function assertImplementation(input: InboxAssertionInput): Promise<void> {
  const { spec, log } = input
  const { inbox, inboxImplementations: known } = spec.l1
  if (known === undefined) return
  const found = await readImplementation(input)
  if (found === undefined) {
    log.warn({ inbox }, 'what the inbox runs cannot be read; an upgrade will be noticed by its event')
    return
  }
  if (found.every((implementation) => implementation === ZERO_ADDRESS))
    throw new CriticalError(`the inbox ${inbox} of ${spec.name} is no proxy (EIP-1967); check the network`)
  if (found.every((implementation) => !known.includes(implementation)))
    throw new CriticalError(
      `the inbox ${inbox} of ${spec.name} runs ${found.join(' or ')}, whose rules this version does not know. Install a release that ` +
        `lists it, or, if its source says that proposals and proofs are as before, go on with --l1.accept-implementation ${found[0]}`,
    )
}

/** By proof, under a header that no provider disputes, the one there is; otherwise what each says; undefined where none says anything. */
async function readImplementation(input: InboxAssertionInput): Promise<readonly Address[] | undefined> {
  const { spec, provider, signal } = input
  const address = spec.l1.inbox
  try {
    const at = await settledHeader(input)
    const slots = [IMPLEMENTATION_SLOT]
    const isDisputed = await isHeaderDisputed(input, at)
    const [word] = (isDisputed ? null : await readStorage(provider, { at, address, slots }, signal)) ?? []
    if (word !== undefined) return [addressIn(word)]
  } catch (error) {
    signal?.throwIfAborted()
    // Not every server makes proofs.
    if (!(error instanceof TemporaryError)) throw error
  }
  const answers = await provider.askEach(
    [{ method: 'eth_getStorageAt', params: [address, IMPLEMENTATION_SLOT, 'latest'] }],
    ([json]) => (json === null ? null : addressIn(bytesToHex(readBytes(json, 'a storage slot', WORD_BYTES)))),
    signal,
  )
  const said = answers.flatMap(({ answer }) => (answer === null ? [] : [answer]))
  return said.length === 0 ? undefined : [...new Set(said)]
}

async function settledHeader({ reader, signal }: InboxAssertionInput): Promise<L1Header> {
  const head = await reader.headerByTag('latest', signal)
  const number = head && head.number > SETTLED_BLOCKS ? head.number - SETTLED_BLOCKS : 0n
  const [header] = (await reader.headersByNumber(number, number, signal)) ?? []
  if (header === undefined) throw new TemporaryError(`no L1 provider has block ${number}`)
  return header
}

/** Anyone can make up a header with a state of its own: what is proven under it holds only as far as the others have it too. */
async function isHeaderDisputed({ provider, signal }: InboxAssertionInput, at: L1Header): Promise<boolean> {
  const answers = await provider.askEach(
    [{ method: 'eth_getBlockByNumber', params: [toQuantity(at.number), false] }],
    ([json]) =>
      json === null ? null : readHex(readObject(json, 'the block').hash, 'the hash of a block', 32),
    signal,
  )
  return answers.some(({ answer }) => answer !== null && answer !== at.hash)
}

/** Right-aligned in its word. */
function addressIn(word: Hash): Address {
  return slice(word, 12)
}

/** Stops only where every provider that answers says what cannot be: one of them alone may be wrong, or behind. */
async function assertView(
  { spec, provider, log, signal }: InboxAssertionInput,
  functionName: 'getConfig' | 'getCoreState',
  size: number,
  problemOf: (data: Hex) => string | undefined,
): Promise<void> {
  const { inbox } = spec.l1
  const data = encodeFunctionData({ abi: inboxAbi, functionName })
  const answers = await provider.askEach(
    [{ method: 'eth_call', params: [{ to: inbox, data }, 'latest'], mayRevert: true }],
    ([json]) => (json === null ? null : readBytes(json, 'what a contract returns')),
    signal,
  )
  const problems = answers.flatMap(({ answer }) => {
    if (answer === null) return []
    if (answer.length !== size)
      return [`answers ${functionName}() with ${answer.length} bytes instead of ${size}`]
    try {
      return [problemOf(bytesToHex(answer))]
    } catch {
      return [`answers ${functionName}() with numbers that do not fit their fields`]
    }
  })
  const [first] = problems
  if (problems.length === 0) log.warn({ inbox, functionName }, 'the inbox could not be asked at the start')
  if (first !== undefined && problems.every((problem) => problem !== undefined))
    throw new CriticalError(
      `the inbox ${inbox} of ${spec.name} ${first}; check the network, and whether a newer release knows this inbox`,
    )
}

function configProblem({ l1 }: RollupSpec, data: Hex): string | undefined {
  const { signalService, basefeeSharingPctg, ringBufferSize } = decode<{
    signalService: Address
    basefeeSharingPctg: number
    ringBufferSize: number
  }>('getConfig', data)
  const { store } = l1.checkpoints ?? {}
  if (store !== undefined && signalService.toLowerCase() !== store)
    return `puts its checkpoints into ${signalService}, not into ${store}`
  if (basefeeSharingPctg > PERCENT_MAX) return `shares ${basefeeSharingPctg} percent of the base fee`
  return ringBufferSize === 0 ? 'keeps no proposals' : undefined
}

function coreStateProblem(data: Hex): string | undefined {
  const { nextProposalId, lastFinalizedProposalId } = decode<{
    nextProposalId: number
    lastFinalizedProposalId: number
  }>('getCoreState', data)
  // Before it is activated both are 0.
  return lastFinalizedProposalId >= nextProposalId && nextProposalId > 0
    ? `has proven proposal ${lastFinalizedProposalId}, but the next one to come is ${nextProposalId}`
    : undefined
}

function decode<T>(functionName: string, data: Hex): T {
  return decodeFunctionResult({ abi: inboxAbi as Abi, functionName, data }) as T
}
