/** Signed transactions of every type, made by the EthereumJS library: an encoder that is not ours. */
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import {
  createAccessList2930Tx,
  createBlob4844Tx,
  createEOACode7702Tx,
  createFeeMarket1559Tx,
  createLegacyTx,
} from '@ethereumjs/tx'
import { createAddressFromString } from '@ethereumjs/util'

const common = new Common({ chain: Mainnet, hardfork: Hardfork.Osaka, customCrypto: { kzg: {} as never } })
const KEY = new Uint8Array(32).fill(7)
const to = createAddressFromString(`0x${'44'.repeat(20)}`)
const accessList = [{ address: to.toString(), storageKeys: [`0x${'55'.repeat(32)}` as const] }]
const call = { nonce: 1n, gasLimit: 100_000n, to, value: 3n, data: new Uint8Array(40).fill(9) }
const fees = { maxFeePerGas: 9n, maxPriorityFeePerGas: 1n, chainId: 1n }
const hash = `0x01${'66'.repeat(31)}` as const

export const LEGACY_TRANSACTION = createLegacyTx({ ...call, gasPrice: 5n }, { common })
  .sign(KEY)
  .serialize()
export const CREATION_TRANSACTION = createFeeMarket1559Tx(
  { ...fees, nonce: 0n, gasLimit: 100_000n, data: new Uint8Array(3) },
  { common },
)
  .sign(KEY)
  .serialize()

export const TRANSACTIONS: readonly (readonly [string, Uint8Array])[] = [
  ['legacy', LEGACY_TRANSACTION],
  [
    'legacy without chain id',
    createLegacyTx(
      { ...call, gasPrice: 5n },
      { common: new Common({ chain: Mainnet, hardfork: Hardfork.Homestead }) },
    )
      .sign(KEY)
      .serialize(),
  ],
  [
    'access list',
    createAccessList2930Tx({ ...call, gasPrice: 5n, chainId: 1n, accessList }, { common })
      .sign(KEY)
      .serialize(),
  ],
  [
    'dynamic fee',
    createFeeMarket1559Tx({ ...call, ...fees, accessList }, { common })
      .sign(KEY)
      .serialize(),
  ],
  ['contract creation', CREATION_TRANSACTION],
  [
    'blob',
    createBlob4844Tx(
      { ...call, ...fees, accessList, maxFeePerBlobGas: 7n, blobVersionedHashes: [hash, hash] },
      { common },
    )
      .sign(KEY)
      .serialize(),
  ],
  [
    'set code',
    createEOACode7702Tx(
      {
        ...call,
        ...fees,
        accessList,
        authorizationList: [
          {
            chainId: '0x1',
            address: to.toString(),
            nonce: '0x2',
            yParity: '0x1',
            r: `0x${'77'.repeat(32)}`,
            s: `0x${'08'.repeat(32)}`,
          },
        ],
      },
      { common },
    )
      .sign(KEY)
      .serialize(),
  ],
]
