/** The first transaction of every block: tells L2 about an L1 block. EIP-1559 form, D-67. */
import { bigintToBytes, concatBytes, EMPTY_BYTES } from '../primitives/bytes.ts'
import { type Address, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp, type RlpItem } from '../primitives/rlp.ts'
import { signGoldenTouch } from './goldenTouch.ts'

const DYNAMIC_FEE_TYPE = Uint8Array.of(2)

/** EIP-2718 bytes of the signed anchor transaction. No tip, no value, no access list; its fee cap is the block's base fee. */
export function buildAnchorTransaction(input: {
  readonly chainId: bigint
  /** Of the golden touch account in the parent's state. */
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Wei per gas. */
  readonly baseFeePerGas: bigint
  readonly to: Address
  readonly data: Uint8Array
}): Uint8Array {
  const fields: readonly RlpItem[] = [
    bigintToBytes(input.chainId),
    bigintToBytes(input.nonce),
    EMPTY_BYTES,
    bigintToBytes(input.baseFeePerGas),
    bigintToBytes(input.gasLimit),
    hexToBytes(input.to),
    EMPTY_BYTES,
    input.data,
    [],
  ]
  const { r, s, yParity } = signGoldenTouch(keccak256(concatBytes(DYNAMIC_FEE_TYPE, encodeRlp(fields))))
  const signed = [...fields, bigintToBytes(BigInt(yParity)), bigintToBytes(r), bigintToBytes(s)]
  return concatBytes(DYNAMIC_FEE_TYPE, encodeRlp(signed))
}
