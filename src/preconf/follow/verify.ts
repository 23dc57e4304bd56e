/**
 * What a message must be before anything is done for it: signed by whom L1 names for its window, and about a time that lies in it.
 * docs/proposing.md, "What a promise is worth to whoever takes it". What cannot be known yet is no fault.
 */
import type { Address, Hash } from '../../primitives/hex.ts'
import type { BlockCommitment } from '../../promise/blockCommitment.ts'
import type { PromiseDomain } from '../../promise/domain.ts'
import { recoverCommitter } from '../../promise/signature.ts'
import { type StreamMessage, streamMessageHash, streamMessageRoot } from '../../promise/streamMessage.ts'
import type { KnownCommitment } from '../../propose/sequencer/events.ts'
import { envOfHeader, metadataOfEnv, sealOf } from '../stream/env.ts'
import type { EnvMessage, FragMessage, MessageFault, SealedMessage } from '../stream/message.ts'
import type { SigningWindow, Windows } from './windows.ts'

/** Why a message is refused, and its source held to account: it could have seen the same. */
export type Fault =
  | MessageFault
  | 'notAWindow'
  | 'wrongSigner'
  | 'wrongEnvSigner'
  | 'wrongSealSigner'
  | 'outsideWindow'
  | 'wrongMetadata'
  /** It links to another promise than the one about its parent. */
  | 'wrongParentCommitment'
  /** Its parent was promised for a later window. */
  | 'windowBeforeParents'
  | 'behindEndOfWindow'
  /** A list that preconf/lists refuses. */
  | 'wrongList'

export type Verified =
  | { readonly type: 'verified'; readonly signer: Address; readonly window: SigningWindow }
  | { readonly type: 'fault'; readonly fault: Fault; readonly detail: string }
  /** Kept, and looked at again. */
  | { readonly type: 'later'; readonly reason: string }

/** By this a block's time may be ahead of our clock: a slot of L1, so that clocks may differ and no block comes from far ahead. Seconds. */
export const AHEAD_SECONDS_MAX = 12n

export type VerifyDeps = {
  readonly windows: Windows
  readonly domain: PromiseDomain
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

export async function verifySealed(deps: VerifyDeps, message: SealedMessage): Promise<Verified> {
  const { block, envSignature, sealSignature, totalFrags } = message
  const { commitment, commitmentHash, header, hash, metadata, signature } = block
  const found = await findWindow(deps, commitment.windowEnd, header.timestamp)
  if (found.type !== 'window') return found
  const { window } = found
  const signer = recoverCommitter(commitmentHash, signature)
  if (signer === undefined || !window.signers.includes(signer))
    return fault('wrongSigner', describeSigner(signer, window))
  const env = envOfHeader(header, { ...metadata, anchorBlockNumber: commitment.anchorBlockNumber })
  if (signerOf(deps, { type: 'env', env }, envSignature) !== signer)
    return fault('wrongEnvSigner', `block ${header.number} has metadata that ${signer} did not sign`)
  if (signerOf(deps, { type: 'seal', seal: sealOf(hash, header, totalFrags) }, sealSignature) !== signer)
    return fault('wrongSealSigner', `block ${header.number} has a hash that ${signer} did not sign`)
  return { type: 'verified', signer, window }
}

export async function verifyEnv(deps: VerifyDeps, message: EnvMessage): Promise<Verified> {
  const { env, windowEnd, signature } = message
  if (metadataOfEnv(env) === undefined)
    return fault('wrongMetadata', `no block of a proposal can begin as ${env.number} is said to`)
  const found = await findWindow(deps, windowEnd, env.timestamp)
  if (found.type !== 'window') return found
  const { window } = found
  const signer = signerOf(deps, { type: 'env', env }, signature)
  if (signer === undefined || !window.signers.includes(signer))
    return fault('wrongSigner', describeSigner(signer, window))
  return { type: 'verified', signer, window }
}

/** @param signer Of the env that it belongs to. */
export function isFragOf(deps: Pick<VerifyDeps, 'domain'>, message: FragMessage, signer: Address): boolean {
  return signerOf(deps, { type: 'frag', frag: message.frag }, message.signature) === signer
}

/**
 * What a promise says about its parent, which is in the chain.
 * @param parent The promise that is known about it; a landed block may have none.
 */
export function findParentFault(
  commitment: BlockCommitment,
  parent: KnownCommitment | undefined,
  isLanded: boolean,
): { readonly fault: Fault; readonly detail: string } | undefined {
  const { parentCommitmentHash, blockNumber } = commitment
  // Who followed L1 alone knows no promise about a landed block; the next promise may name one, or none.
  if (parent === undefined) return undefined
  const isLinked = parentCommitmentHash === parent.hash
  if (!isLinked && !(isLanded && isZeroHash(parentCommitmentHash)))
    return { fault: 'wrongParentCommitment', detail: `block ${blockNumber} links to another promise` }
  if (commitment.windowEnd < parent.commitment.windowEnd)
    return { fault: 'windowBeforeParents', detail: `block ${blockNumber} is of an earlier window` }
  if (parent.commitment.isEndOfWindow && commitment.windowEnd === parent.commitment.windowEnd)
    return {
      fault: 'behindEndOfWindow',
      detail: `block ${blockNumber - 1n} was said to be its window's last`,
    }
  return undefined
}

/**
 * Whether a block comes before its window: from its start on, when the slot before is over, a window may be ordered in; sooner only
 * behind what was said to be the last block of the window before, or behind such a block of the same window.
 * @param parent The promise that is known about its parent. Without one, who told us cannot be blamed: it waits for its window.
 */
export function judgeTime(
  { now }: Pick<VerifyDeps, 'now'>,
  block: { readonly timestamp: bigint; readonly windowEnd: bigint },
  parent: KnownCommitment | undefined,
  { start }: Pick<SigningWindow, 'start'>,
): Exclude<Verified, { type: 'verified' }> | undefined {
  if (block.timestamp >= start) return undefined
  if (parent === undefined)
    return now() >= Number(start) * 1000
      ? undefined
      : { type: 'later', reason: `whether its window was left to it before ${start} is not known here` }
  const { windowEnd, isEndOfWindow } = parent.commitment
  const mayBegin = windowEnd === block.windowEnd || (isEndOfWindow && windowEnd === start)
  if (mayBegin) return undefined
  return fault(
    'outsideWindow',
    `${block.timestamp} is before ${start}, and its window was not left to it sooner`,
  )
}

async function findWindow(
  { windows, now }: VerifyDeps,
  windowEnd: bigint,
  timestamp: bigint,
): Promise<
  { readonly type: 'window'; readonly window: SigningWindow } | Exclude<Verified, { type: 'verified' }>
> {
  const answer = await windows.endingAt(windowEnd)
  if (answer.type === 'unknown') return { type: 'later', reason: answer.reason }
  if (answer.type === 'notAWindow') return fault('notAWindow', `no window ends at ${windowEnd}`)
  const { window } = answer
  if (timestamp > window.end)
    return fault('outsideWindow', `${timestamp} is after the end of the window, ${window.end}`)
  if (timestamp > BigInt(Math.floor(now() / 1000)) + AHEAD_SECONDS_MAX)
    return { type: 'later', reason: `its time, ${timestamp}, is ahead of this machine's clock` }
  return answer
}

function signerOf(
  { domain }: Pick<VerifyDeps, 'domain'>,
  message: StreamMessage,
  signature: `0x${string}`,
): Address | undefined {
  return recoverCommitter(streamMessageHash(streamMessageRoot(message), domain), signature)
}

function describeSigner(signer: Address | undefined, { end, signers }: SigningWindow): string {
  const who = signer ?? 'nobody'
  return signers.length === 0
    ? `signed by ${who}; nobody may sign for the window that ends at ${end}`
    : `signed by ${who}; the window that ends at ${end} is that of ${signers.join(', ')}`
}

function isZeroHash(hash: Hash): boolean {
  return /^0x0+$/.test(hash)
}

function fault(name: Fault, detail: string): Verified & { readonly type: 'fault' } {
  return { type: 'fault', fault: name, detail }
}
