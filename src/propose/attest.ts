/**
 * Attested checkpoints of a devnet: without them its executable clock stands still. TRUSTED: the attesters' word takes the
 * place of a proof; what they attest is what this node has derived itself.
 */
import { decodeFunctionResult, encodeFunctionData, type LocalAccount, parseAbi } from 'viem'
import type { ChainReader } from '../chain/chain.ts'
import { defined } from '../primitives/assert.ts'
import { sleep } from '../primitives/async.ts'
import { maxBigint, minBigint } from '../primitives/bigint.ts'
import { CriticalError } from '../primitives/errors.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { inboxAbi } from '../protocol/shasta/abi.ts'
import { type Commitment, encodeCommitment, hashCommitment } from '../protocol/shasta/commitment.ts'
import type { Logger } from '../telemetry/log.ts'
import { attestationDigest, signAttestations } from './attestation.ts'
import { estimateFees } from './fees.ts'
import type { InboxReader } from './inbox.ts'
import { type RpcRequest, readHead, readNonce } from './l1Rpc.ts'
import { classifySendError } from './sendErrors.ts'

export type AttesterOptions = {
  readonly l1ChainId: number
  readonly l2ChainId: bigint
  readonly inbox: Address
  /** Attest what is derived from final L1 blocks, or all that is derived. */
  readonly upTo: 'finalized' | 'safe'
  /** Proposals in one transaction; each takes 58 bytes of calldata. */
  readonly proposalsMax: bigint
  /** Wei per gas; above it nothing is sent. */
  readonly maxFeePerGas: bigint
  /** Wei per gas. */
  readonly tipMin: bigint
  /** L1 blocks after which an unmined transaction is replaced at doubled fees. */
  readonly stuckBlocks: bigint
  /** Milliseconds between rounds. */
  readonly intervalMs: number
}

export const DEFAULT_ATTESTER_OPTIONS = {
  upTo: 'finalized',
  proposalsMax: 64n,
  maxFeePerGas: 500_000_000_000n,
  tipMin: 1_000_000_000n,
  stuckBlocks: 3n,
  intervalMs: 12_000,
} as const satisfies Partial<AttesterOptions>

export type AttesterDeps = {
  readonly rpc: RpcRequest
  readonly chain: ChainReader
  readonly inbox: InboxReader
  /** Pays for `prove`. Not the proposer's account: pools keep blob and other transactions of an account apart. */
  readonly account: LocalAccount
  /** TRUSTED. */
  readonly attesters: readonly LocalAccount[]
  readonly logger: Logger
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

export type AttestResult =
  | { readonly type: 'upToDate' }
  | { readonly type: 'waiting'; readonly reason: string }
  | {
      readonly type: 'sent'
      readonly transactionHash: Hash
      readonly firstProposalId: bigint
      readonly lastProposalId: bigint
    }

export type Attester = {
  /** At most one transaction. Sending the same twice is harmless: the inbox takes each proposal once. */
  step(signal?: AbortSignal): Promise<AttestResult>
  /** Runs until the signal; throws only a CriticalError. */
  run(signal: AbortSignal): Promise<void>
}

const VERIFIER_READS = parseAbi(['function threshold() view returns (uint256)'])
const REPLACEMENTS_MAX = 10

type Sent = { readonly nonce: number; readonly fee: bigint; readonly tip: bigint; readonly block: bigint }

export function createAttester(deps: AttesterDeps, options: AttesterOptions): Attester {
  const { rpc, chain, inbox, account, logger, wait = sleep } = deps
  const sender = account.address.toLowerCase() as Address
  let lastSent: Sent | undefined

  const step = async (signal?: AbortSignal): Promise<AttestResult> => {
    const head = await readHead(rpc, signal)
    const core = await inbox.state(head.hash, signal)
    const target = await chain.origin(chain.heads()[options.upTo].number)
    const first = core.lastFinalizedProposalId + 1n
    const last = minBigint(target?.proposalId ?? 0n, core.lastFinalizedProposalId + options.proposalsMax)
    if (last < first) return { type: 'upToDate' }
    const nonce = await readNonce(rpc, sender, 'latest', signal)
    if (lastSent?.nonce === nonce && head.number - lastSent.block < options.stuckBlocks)
      return { type: 'waiting', reason: `nonce ${nonce} is not included yet` }
    const commitment = await commit(first, last)
    if (commitment.firstProposalParentBlockHash !== core.lastFinalizedBlockHash) {
      const reason = `L1 takes ${core.lastFinalizedBlockHash} for the last block of proposal ${first - 1n}, this node derived ${commitment.firstProposalParentBlockHash}`
      logger.error({ reason }, 'nothing can be attested: L1 and this node disagree about proven L2 blocks')
      return { type: 'waiting', reason }
    }
    if (commitment.lastProposalHash !== (await inbox.proposalHash(last, head.hash, signal)))
      return {
        type: 'waiting',
        reason: `L1 has another proposal ${last} than this node; a reorg is under way`,
      }
    const data = await encodeProve(commitment, signal)
    const transactionHash = await send(data, nonce, head.number, signal)
    if (typeof transactionHash !== 'string') return transactionHash
    logger.info(
      { firstProposalId: first, lastProposalId: last, transactionHash },
      'sent an attested checkpoint',
    )
    return { type: 'sent', transactionHash, firstProposalId: first, lastProposalId: last }
  }

  const commit = async (first: bigint, last: bigint): Promise<Commitment> => {
    const transitions: Commitment['transitions'][number][] = []
    const { firstBlock } = defined(await chain.proposal(first), `proposal ${first}`)
    const parent = await headerAt(firstBlock - 1n)
    for (let id = first; id <= last; id++) {
      const proposal = defined(await chain.proposal(id), `proposal ${id}`)
      const { hash } = await headerAt(proposal.lastBlock)
      transitions.push({ proposer: proposal.proposer, timestamp: proposal.timestamp, blockHash: hash })
    }
    const end = defined(await chain.proposal(last), `proposal ${last}`)
    const { header } = await headerAt(end.lastBlock)
    return {
      firstProposalId: first,
      firstProposalParentBlockHash: parent.hash,
      lastProposalHash: end.hash,
      actualProver: sender,
      endBlockNumber: header.number,
      endStateRoot: header.stateRoot,
      transitions,
    }
  }

  const headerAt = async (number: bigint) => defined(await chain.headerByNumber(number), `L2 block ${number}`)

  const encodeProve = async (commitment: Commitment, signal?: AbortSignal): Promise<Hex> => {
    const { proofVerifier: verifier } = await inbox.config(signal)
    const call = {
      to: verifier,
      data: encodeFunctionData({ abi: VERIFIER_READS, functionName: 'threshold' }),
    }
    const answer = (await rpc('eth_call', [call, 'latest'], signal)) as Hex
    const threshold = decodeFunctionResult({ abi: VERIFIER_READS, functionName: 'threshold', data: answer })
    const digest = attestationDigest({
      chainId: options.l2ChainId,
      verifier,
      commitmentHash: hashCommitment(commitment),
    })
    const proof = await signAttestations(deps.attesters, Number(threshold), digest)
    const args = [bytesToHex(encodeCommitment(commitment)), bytesToHex(proof)] as const
    return encodeFunctionData({ abi: inboxAbi, functionName: 'prove', args })
  }

  const send = async (
    data: Hex,
    nonce: number,
    headNumber: bigint,
    signal?: AbortSignal,
  ): Promise<Hash | AttestResult> => {
    const call = { from: sender, to: options.inbox, data }
    const estimate = BigInt((await rpc('eth_estimateGas', [call, 'pending'], signal)) as Hex)
    const current = await estimateFees(rpc, options.tipMin, signal)
    const stuck = lastSent?.nonce === nonce ? lastSent : undefined
    let fee = maxBigint(current.maxFeePerGas, 2n * (stuck?.fee ?? 0n))
    let tip = maxBigint(current.maxPriorityFeePerGas, 2n * (stuck?.tip ?? 0n))
    for (let replacement = 0; replacement <= REPLACEMENTS_MAX; replacement++) {
      if (fee > options.maxFeePerGas) return { type: 'waiting', reason: `L1 asks for ${fee} wei per gas` }
      const signed = await account.signTransaction({
        type: 'eip1559',
        chainId: options.l1ChainId,
        nonce,
        to: options.inbox,
        data,
        // Rounds down. The inbox's storage may change between estimate and inclusion.
        gas: (estimate * 130n) / 100n,
        maxFeePerGas: fee,
        maxPriorityFeePerGas: tip,
      })
      lastSent = { nonce, fee, tip, block: headNumber }
      try {
        await rpc('eth_sendRawTransaction', [signed], signal)
        return keccak256Hex(hexToBytes(signed))
      } catch (error) {
        const kind = classifySendError(error)
        if (kind === 'alreadyKnown') return keccak256Hex(hexToBytes(signed))
        if (kind !== 'replacementUnderpriced') throw error
        fee *= 2n
        tip *= 2n
      }
    }
    return { type: 'waiting', reason: 'another transaction of the account is pending at very high fees' }
  }

  return {
    step,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await step(signal)
        } catch (error) {
          if (signal.aborted) return
          if (error instanceof CriticalError) throw error
          logger.warn({ error: String(error) }, 'no checkpoint was attested in this round')
        }
        await wait(options.intervalMs, signal).catch(() => {})
      }
    },
  }
}
