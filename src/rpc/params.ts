/**
 * Parameters as execution clients accept them: https://github.com/ethereum/execution-apis (schemas), EIP-1474, EIP-1898.
 * A pattern bounds every number before it becomes a bigint: parsing a megabyte of digits would block the node.
 */
import { z } from 'zod'
import type { BlockOverrides, StateOverrides } from '../engine/engine.ts'
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

const UINT64_MAX = 2n ** 64n - 1n

/** Gas, nonces, times and numbers of blocks. */
export const uint64Param = quantityParam.refine((value) => value <= UINT64_MAX, 'at most 64 bits wanted')

/** Items of a list in a parameter. */
const LIST_MAX = 1000

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

/** EIP-2930. */
export const accessListParam = z
  .array(z.object({ address: addressParam, storageKeys: z.array(slotParam).max(LIST_MAX).nullish() }))
  .max(LIST_MAX)
  .meta({ id: 'AccessListParameter' })

/** EIP-7702. */
const authorizationParam = z
  .object({
    chainId: quantityParam,
    address: addressParam,
    nonce: uint64Param,
    yParity: quantityParam,
    r: quantityParam,
    s: quantityParam,
  })
  .meta({ id: 'AuthorizationParameter' })

/** Other fields are accepted and ignored, as wallets send whole transactions. */
export const callParam = z
  .object({
    from: addressParam.nullish(),
    to: addressParam.nullish(),
    gas: uint64Param.nullish(),
    gasPrice: quantityParam.nullish(),
    maxFeePerGas: quantityParam.nullish(),
    maxPriorityFeePerGas: quantityParam.nullish(),
    value: quantityParam.nullish(),
    data: bytesParam.nullish(),
    input: bytesParam.nullish(),
    nonce: uint64Param.nullish(),
    chainId: quantityParam.nullish(),
    accessList: accessListParam.nullish(),
    maxFeePerBlobGas: quantityParam.nullish(),
    blobVersionedHashes: z.array(hashParam).max(LIST_MAX).nullish(),
    authorizationList: z.array(authorizationParam).max(LIST_MAX).nullish(),
  })
  .refine((call) => call.gasPrice == null || (call.maxFeePerGas ?? call.maxPriorityFeePerGas) == null, {
    message: 'both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified',
  })
  .refine((call) => call.data == null || call.input == null || Buffer.compare(call.data, call.input) === 0, {
    message: 'both "data" and "input" are set and not equal',
  })
  .meta({ id: 'Call' })

/** At most so many keys, counted before any of them is looked at, which takes fifty times as long. */
const atMost = <T extends z.ZodType>(what: string, record: T) =>
  z.preprocess((given, context) => {
    const count = typeof given === 'object' && given !== null ? Object.keys(given).length : 0
    if (count > LIST_MAX) context.addIssue({ code: 'custom', message: `at most ${LIST_MAX} ${what} wanted` })
    return given
  }, record)

const word = hashParam.transform(hexToBytes)
const storageParam = atMost('slots', z.record(slotParam, word)).transform(
  (slots) => new Map(Object.entries(slots) as [Hex, Uint8Array][]),
)

const accountOverrideParam = z
  .strictObject({
    balance: quantityParam.nullish(),
    nonce: uint64Param.nullish(),
    code: bytesParam.nullish(),
    state: storageParam.nullish(),
    stateDiff: storageParam.nullish(),
    movePrecompileToAddress: addressParam.nullish(),
  })
  .meta({ id: 'AccountOverride' })

export const stateOverridesParam = atMost('accounts', z.record(addressParam, accountOverrideParam)).meta({
  id: 'StateOverrides',
})

export const overridesParam = stateOverridesParam
  .optional()
  .transform((all): StateOverrides | undefined => (all === undefined ? undefined : toStateOverrides(all)))

export function toStateOverrides(all: z.output<typeof stateOverridesParam>): StateOverrides {
  return new Map(
    Object.entries(all).map(([address, override]) => {
      const { movePrecompileToAddress: movePrecompileTo, ...fields } = override
      return [address as Address, withoutNulls({ ...fields, movePrecompileTo })]
    }),
  )
}

const withdrawalParam = z
  .object({
    index: uint64Param,
    validatorIndex: uint64Param,
    address: addressParam,
    amount: uint64Param,
  })
  .meta({ id: 'WithdrawalParameter' })

export const blockOverridesParam = z
  .object({
    number: uint64Param.nullish(),
    difficulty: quantityParam.nullish(),
    time: uint64Param.nullish(),
    gasLimit: uint64Param.nullish(),
    feeRecipient: addressParam.nullish(),
    prevRandao: slotParam.nullish(),
    baseFeePerGas: quantityParam.nullish(),
    blobBaseFee: quantityParam.nullish(),
    beaconRoot: hashParam.nullish(),
    withdrawals: z.array(withdrawalParam).max(LIST_MAX).nullish(),
  })
  .meta({ id: 'BlockOverrides' })
  .transform((overrides): BlockOverrides => withoutNulls(overrides))

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], null | undefined> }

/** A field that is null is as one that is not there. */
export function withoutNulls<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as Given<T>
}

/** geth: at most 1000 addresses, 1000 topics a position, 4 positions. */
const oneOrMany = <T extends z.ZodType>(item: T) =>
  z.union([item.transform((one) => [one]), z.array(item).max(LIST_MAX)])

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
