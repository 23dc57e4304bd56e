/**
 * One transaction without blobs at a time, from an account of its own: pools keep blob and other transactions of an account
 * apart. What is stuck is replaced at doubled fees. Sending the same twice must be harmless.
 */
import type { LocalAccount } from 'viem'
import { maxBigint } from '../primitives/bigint.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import { estimateFees } from './fees.ts'
import { type RpcRequest, readNonce } from './l1Rpc.ts'
import { classifySendError } from './sendErrors.ts'

export type PlainSenderOptions = {
  /** Of the L1. */
  readonly chainId: number
  /** Wei per gas; above it nothing is sent. */
  readonly maxFeePerGas: bigint
  /** Wei per gas. */
  readonly tipMin: bigint
  /** L1 blocks after which an unmined transaction is replaced at doubled fees. */
  readonly stuckBlocks: bigint
}

export type PlainSendResult =
  | { readonly type: 'sent'; readonly transactionHash: Hash }
  | { readonly type: 'waiting'; readonly reason: string }

export type PlainSender = {
  readonly address: Address
  /**
   * `headNumber` is the newest L1 block. `data` is made only when a transaction can be sent now. Throws what the server answers,
   * a revert among it.
   */
  send(
    input: { readonly to: Address; readonly data: () => Promise<Hex>; readonly headNumber: bigint },
    signal?: AbortSignal,
  ): Promise<PlainSendResult>
}

/** Replacements in one go when a pool asks for more than we knew. */
const REPLACEMENTS_MAX = 10

type Sent = { readonly nonce: number; readonly fee: bigint; readonly tip: bigint; readonly block: bigint }

export function createPlainSender(
  deps: { readonly rpc: RpcRequest; readonly account: LocalAccount },
  options: PlainSenderOptions,
): PlainSender {
  const { rpc, account } = deps
  const sender = account.address.toLowerCase() as Address
  let lastSent: Sent | undefined

  return {
    address: sender,
    async send({ to, data: makeData, headNumber }, signal) {
      const nonce = await readNonce(rpc, sender, 'latest', signal)
      if (lastSent?.nonce === nonce && headNumber - lastSent.block < options.stuckBlocks)
        return { type: 'waiting', reason: `nonce ${nonce} is not included yet` }
      const data = await makeData()
      const call = { from: sender, to, data }
      const estimate = BigInt((await rpc('eth_estimateGas', [call, 'latest'], signal)) as Hex)
      const current = await estimateFees(rpc, options.tipMin, signal)
      const stuck = lastSent?.nonce === nonce ? lastSent : undefined
      let fee = maxBigint(current.maxFeePerGas, 2n * (stuck?.fee ?? 0n))
      let tip = maxBigint(current.maxPriorityFeePerGas, 2n * (stuck?.tip ?? 0n))
      for (let replacement = 0; replacement <= REPLACEMENTS_MAX; replacement++) {
        if (fee > options.maxFeePerGas) return { type: 'waiting', reason: `L1 asks for ${fee} wei per gas` }
        const signed = await account.signTransaction({
          type: 'eip1559',
          chainId: options.chainId,
          nonce,
          to,
          data,
          // Rounds down. Storage may change between estimate and inclusion.
          gas: (estimate * 130n) / 100n,
          maxFeePerGas: fee,
          maxPriorityFeePerGas: tip,
        })
        lastSent = { nonce, fee, tip, block: headNumber }
        try {
          await rpc('eth_sendRawTransaction', [signed], signal)
          return { type: 'sent', transactionHash: keccak256Hex(hexToBytes(signed)) }
        } catch (error) {
          const kind = classifySendError(error)
          if (kind === 'alreadyKnown')
            return { type: 'sent', transactionHash: keccak256Hex(hexToBytes(signed)) }
          if (kind !== 'replacementUnderpriced') throw error
          fee *= 2n
          tip *= 2n
        }
      }
      return {
        type: 'waiting',
        reason: 'another transaction of the account is pending at very high fees',
      }
    },
  }
}
