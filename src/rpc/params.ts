/**
 * Parameters as execution clients accept them: https://github.com/ethereum/execution-apis (schemas), EIP-1474, EIP-1898.
 * A pattern bounds every number before it becomes a bigint: parsing a megabyte of digits would block the node.
 */
import { z } from 'zod'
import type { StateOverrides } from '../engine/engine.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../primitives/hex.ts'

type BlockTag = 'latest' | 'safe' | 'finalized' | 'earliest' | 'pending'

export type BlockParameter =
  | { readonly type: 'tag'; readonly tag: BlockTag }
  | { readonly type: 'number'; readonly number: bigint }
  | { readonly type: 'hash'; readonly hash: Hash }

const hexText = (pattern: RegExp, wanted: string) =>
  z
    .string(`${wanted} wanted`)
    .regex(pattern, `${wanted} wanted`)
    .transform((text) => text.toLowerCase() as Hex)

export const hashParam = hexText(/^0x[0-9a-fA-F]{64}$/, 'a 32-byte hex string')
export const addressParam = hexText(/^0x[0-9a-fA-F]{40}$/, 'a 20-byte hex string')

/** Up to 256 bits. Leading zeros are accepted: many clients write them. */
export const quantityParam = z
  .string('a hex quantity wanted')
  .regex(/^0x[0-9a-fA-F]{1,64}$/, 'a hex quantity of at most 32 bytes, with 0x, wanted')
  .transform((text) => BigInt(text))

/** Counts and indexes: at most 32 bits. */
export const indexParam = z
  .string('a hex quantity wanted')
  .regex(/^0x[0-9a-fA-F]{1,8}$/, 'a hex quantity of at most 4 bytes, with 0x, wanted')
  .transform((text) => Number(text))

export const bytesParam = z
  .string('a hex string wanted')
  .regex(/^0x(?:[0-9a-fA-F]{2})*$/, 'a hex string of whole bytes, with 0x, wanted')
  .transform(hexToBytes)

/** A slot as a quantity or as up to 32 bytes; the 32-byte form. */
export const slotParam = z
  .string('a storage slot wanted')
  .regex(/^0x[0-9a-fA-F]{1,64}$/, 'a storage slot of at most 32 bytes in hex wanted')
  .transform((text): Hash => `0x${text.slice(2).toLowerCase().padStart(64, '0')}`)

const tagParam = z
  .enum(['latest', 'safe', 'finalized', 'earliest', 'pending'])
  .transform((tag): BlockParameter => ({ type: 'tag', tag }))
const numberBlockParam = quantityParam.transform((number): BlockParameter => ({ type: 'number', number }))
const hashBlockParam = hashParam.transform((hash): BlockParameter => ({ type: 'hash', hash }))

/** A number or a tag, without a default. */
export const blockNumberParam = z
  .union([tagParam, numberBlockParam], { error: 'a block tag or a hex block number, with 0x, wanted' })
  .meta({ id: 'BlockNumberOrTag' })

/** EIP-1898, and a bare hash as geth takes it. `requireCanonical` changes nothing: only canonical blocks are known here. */
export const blockParam = z
  .union(
    [
      hashBlockParam,
      tagParam,
      numberBlockParam,
      z
        .strictObject({ blockHash: hashParam, requireCanonical: z.boolean().optional() })
        .transform(({ blockHash }): BlockParameter => ({ type: 'hash', hash: blockHash })),
      z
        .strictObject({ blockNumber: blockNumberParam })
        .transform(({ blockNumber }): BlockParameter => blockNumber),
    ],
    { error: 'a block tag, a hex block number, a block hash or an EIP-1898 object wanted' },
  )
  .meta({ id: 'BlockParameter' })
  .prefault('latest')

/** Fields that cannot change the result of a call here are accepted and ignored, as wallets send whole transactions. */
export const callParam = z
  .object({
    from: addressParam.nullish(),
    to: addressParam.nullish(),
    gas: quantityParam.nullish(),
    gasPrice: quantityParam.nullish(),
    maxFeePerGas: quantityParam.nullish(),
    maxPriorityFeePerGas: quantityParam.nullish(),
    value: quantityParam.nullish(),
    data: bytesParam.nullish(),
    input: bytesParam.nullish(),
  })
  .refine((call) => call.gasPrice == null || (call.maxFeePerGas ?? call.maxPriorityFeePerGas) == null, {
    message: 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified',
  })
  .refine((call) => call.data == null || call.input == null || Buffer.compare(call.data, call.input) === 0, {
    message: 'both "data" and "input" are set and not equal',
  })
  .meta({ id: 'Call' })

const OVERRIDES_MAX = 1000
const word = hashParam.transform(hexToBytes)
const stateDiff = z
  .record(slotParam, word)
  .refine((diff) => Object.keys(diff).length <= OVERRIDES_MAX, `at most ${OVERRIDES_MAX} slots wanted`)

/** `state` (a whole storage replaced) is refused rather than half done. */
export const overridesParam = z
  .record(
    addressParam,
    z.strictObject({
      balance: quantityParam.optional(),
      nonce: quantityParam.optional(),
      code: bytesParam.optional(),
      stateDiff: stateDiff.optional(),
    }),
  )
  .refine((all) => Object.keys(all).length <= OVERRIDES_MAX, `at most ${OVERRIDES_MAX} accounts wanted`)
  .meta({ id: 'StateOverrides' })
  .optional()
  .transform((all): StateOverrides | undefined => {
    if (all === undefined) return undefined
    return new Map(
      Object.entries(all).map(([address, override]) => [
        address as Address,
        {
          ...(override.balance === undefined ? {} : { balance: override.balance }),
          ...(override.nonce === undefined ? {} : { nonce: override.nonce }),
          ...(override.code === undefined ? {} : { code: override.code }),
          ...(override.stateDiff === undefined
            ? {}
            : { stateDiff: new Map(Object.entries(override.stateDiff) as [Hex, Uint8Array][]) }),
        },
      ]),
    )
  })

/** geth: at most 1000 addresses, 1000 topics a position, 4 positions. */
const LOG_LIST_MAX = 1000
const oneOrMany = <T extends z.ZodType>(item: T) =>
  z.union([item.transform((one) => [one]), z.array(item).max(LOG_LIST_MAX)])

export const logFilterParam = z
  .object({
    fromBlock: blockNumberParam.nullish(),
    toBlock: blockNumberParam.nullish(),
    blockHash: hashParam.nullish(),
    address: oneOrMany(addressParam).nullish(),
    topics: z.array(oneOrMany(hashParam).nullable()).max(4, 'at most 4 topics wanted').nullish(),
  })
  .refine((filter) => filter.blockHash == null || (filter.fromBlock ?? filter.toBlock) == null, {
    message: 'cannot specify both blockHash and fromBlock/toBlock, choose one or the other',
  })
  .meta({ id: 'LogFilter' })

export type LogFilterParameter = z.output<typeof logFilterParam>
export type CallParameter = z.output<typeof callParam>
