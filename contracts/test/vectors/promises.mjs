// Writes the golden vectors beside it, by viem, noble and EthereumJS alone: neither the contracts nor src/promise is asked.
//   node contracts/test/vectors/promises.mjs
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMPT, createMerkleProof } from '@ethereumjs/mpt'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encodeAbiParameters, keccak256, parseTransaction, toRlp } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

const write = (name, value) =>
  writeFileSync(join(import.meta.dirname, name), `${JSON.stringify(value, null, 2)}\n`)

const fromHex = (hex) => Buffer.from(hex.slice(2), 'hex')
const toHex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest()
const littleEndian = (value) => Buffer.from(BigInt(value).toString(16).padStart(64, '0'), 'hex').reverse()
const word = (byte) => `0x${byte.repeat(32)}`

// Promises of one committer, for a registry on Hoodi.
const L1_CHAIN_ID = 560_048
const REGISTRY = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
const SLASHER = '0x1234567890123456789012345678901234567890'
const DOMAIN = '0x6d6d6f43719103511efa4f1362ff2a50996cccf329cc84cb410c5e5c7d351d03'
const COMMITTER_KEY = '0x88bcd6672d95bcba0d52a3146494ed4d37675af4ed2206905eb161aa99a6c0d1'
const L2_CHAIN_ID = 1_670_042
const signingId = keccak256(
  encodeAbiParameters(
    [{ type: 'string' }, { type: 'uint256' }, { type: 'address' }],
    ['Plumbline ProposerRegistry', BigInt(L1_CHAIN_ID), REGISTRY],
  ),
)

const commitmentTuple = {
  type: 'tuple',
  components: [{ type: 'uint64' }, { type: 'bytes' }, { type: 'bytes32' }, { type: 'address' }],
}
/** Message type 3, then Commit-Boost's tree: {root, signing id, nonce, chain id}, and the domain. */
function signPromise(type, payload) {
  const objectRoot = keccak256(
    encodeAbiParameters([{ type: 'uint256' }, commitmentTuple], [3n, [BigInt(type), payload, word('00'), SLASHER]]),
  )
  const left = sha256(fromHex(objectRoot), fromHex(signingId))
  const right = sha256(littleEndian(0), littleEndian(L1_CHAIN_ID))
  const hash = sha256(sha256(left, right), fromHex(DOMAIN))
  const signature = secp256k1.sign(hash, fromHex(COMMITTER_KEY), { prehash: false, format: 'recovered' })
  // noble puts the recovery bit first, the registry's signatures have v last.
  return {
    payload,
    objectRoot,
    hash: toHex(hash),
    signature: toHex(Buffer.concat([signature.slice(1), Buffer.of(27 + signature[0])])),
  }
}

const BLOCK_TYPES = ['uint64', 'uint48', 'bytes32', 'bytes32', 'bytes32', 'uint48', 'uint48', 'bool']
const blockCommitments = [
  [L2_CHAIN_ID, 1, word('00'), word('a1'), word('b2'), 7, 1_800_000_012, false],
  [L2_CHAIN_ID, 4_294_967_296, word('c3'), word('d4'), word('e5'), 25_000_000, 1_800_000_396, true],
  ['18446744073709551615', 281474976710655, word('ff'), word('ff'), word('ff'), 281474976710655, 281474976710655, true],
].map((values) => ({
  l2ChainId: String(values[0]),
  blockNumber: values[1],
  parentCommitmentHash: values[2],
  parentBlockHash: values[3],
  transactionsRoot: values[4],
  anchorBlockNumber: values[5],
  windowEnd: values[6],
  isEndOfWindow: values[7],
  ...signPromise(
    2,
    encodeAbiParameters(
      BLOCK_TYPES.map((type) => ({ type })),
      values.map((value, i) => (BLOCK_TYPES[i] === 'uint64' ? BigInt(value) : value)),
    ),
  ),
}))

/** A payload whose one word is another. */
function withWord(payload, index, value) {
  const bytes = fromHex(payload)
  bytes.set(fromHex(value), index * 32)
  return toHex(bytes)
}
const good = blockCommitments[0].payload
const hugeWord = `0x${'01'}${'00'.repeat(31)}`
const badBlockPayloads = [
  '0x',
  `${good}00`,
  good.slice(0, -2),
  `${good}${'00'.repeat(32)}`,
  ...[0, 1, 3, 4, 6].map((index) => withWord(good, index, word('00'))), // zero fields
  ...[0, 1, 5, 6, 7].map((index) => withWord(good, index, hugeWord)), // bits outside the field
  withWord(good, 7, `0x${'00'.repeat(31)}02`), // neither false nor true
  withWord(good, 1, `0x${'00'.repeat(25)}01${'00'.repeat(6)}`), // 2^48
]

// Transactions of one sender, by viem.
const SENDER_KEY = '0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318'
const sender = privateKeyToAccount(SENDER_KEY)
const TO = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'
const GWEI = 1_000_000_000n
const ACCESS_LIST = [
  { address: TO, storageKeys: [word('01'), word('02')] },
  { address: SLASHER, storageKeys: [] },
]
const zeros = (data) => [...fromHex(data)].filter((byte) => byte === 0).length
/** Yellow paper, EIP-2028, EIP-2930, EIP-3860; and the floor of EIP-7623. */
function intrinsicGas({ data = '0x', accessList = [], to }) {
  const size = (data.length - 2) / 2
  const nonzeros = size - zeros(data)
  let gas = 21_000 + 4 * zeros(data) + 16 * nonzeros
  for (const { storageKeys } of accessList) gas += 2400 + 1900 * storageKeys.length
  if (to === undefined) gas += 32_000 + 2 * Math.ceil(size / 32)
  return { intrinsic: gas, floor: 21_000 + 10 * (zeros(data) + 4 * nonzeros) }
}

const DATA = '0x00112233445566770000000000000000'
const bases = [
  { name: 'legacy', type: 'legacy', gasPrice: 2n * GWEI, to: TO, value: 5n },
  { name: 'legacy creation', type: 'legacy', gasPrice: GWEI, value: 0n, data: '0x600160015500000000' },
  { name: 'access list', type: 'eip2930', gasPrice: GWEI, to: TO, value: 1n, accessList: ACCESS_LIST },
  { name: 'fee market', type: 'eip1559', maxFeePerGas: 3n * GWEI, maxPriorityFeePerGas: 1n, to: TO, value: 10n ** 18n },
  { name: 'fee market with data', type: 'eip1559', maxFeePerGas: GWEI, maxPriorityFeePerGas: GWEI, to: TO, value: 0n, data: DATA, accessList: ACCESS_LIST },
  { name: 'long data', type: 'eip1559', maxFeePerGas: GWEI, maxPriorityFeePerGas: 0n, to: TO, value: 0n, data: `0x${'ab'.repeat(400)}` },
]
const transactions = []
for (const [nonce, { name, ...base }] of bases.entries()) {
  const { intrinsic, floor } = intrinsicGas(base)
  const gas = Math.max(intrinsic, floor)
  const sign = (changes) =>
    sender.signTransaction({ ...base, nonce, chainId: L2_CHAIN_ID, gas: BigInt(gas), ...changes })
  const maxFeePerGas = base.maxFeePerGas ?? base.gasPrice
  transactions.push({
    name,
    raw: await sign({}),
    nonce,
    gasLimit: gas,
    gasToRun: gas - intrinsic,
    maxFeePerGas: String(maxFeePerGas),
    maxCostWei: String(base.value + BigInt(gas) * maxFeePerGas),
    tooLittleGas: await sign({ gas: BigInt(gas - 1) }),
    otherChain: await sign({ chainId: L2_CHAIN_ID + 1 }),
  })
}

/** Valid but for one thing that makes nodes refuse them. */
const feeMarket = { type: 'eip1559', chainId: L2_CHAIN_ID, nonce: 0, gas: 21_000n, to: TO, value: 0n, maxFeePerGas: GWEI, maxPriorityFeePerGas: 0n }
const listed = await sender.signTransaction(feeMarket)
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const { r, s, yParity } = parseTransaction(listed)
const fieldsWith = (changes) => {
  const fields = [
    '0x197b9a', '0x', '0x', '0x3b9aca00', '0x5208', TO, '0x', '0x', [], yParity ? '0x01' : '0x', r, s,
  ]
  for (const [index, value] of Object.entries(changes)) fields[index] = value
  return `0x02${toRlp(fields).slice(2)}`
}
if (fieldsWith({}) !== listed) throw new Error('the fields are not those of the transaction')
const hexOf = (value) => `0x${value.toString(16).padStart(64, '0')}`
const badTransactions = [
  '0x',
  '0x02',
  '0xc0',
  `${listed}00`,
  `0x01${listed.slice(4)}`,
  `0x04${listed.slice(4)}`,
  fieldsWith({ 3: '0x003b9aca00' }), // leading zero
  fieldsWith({ 10: hexOf(0n) }),
  fieldsWith({ 11: hexOf(N - BigInt(s)), 9: yParity ? '0x' : '0x01' }), // high s
  fieldsWith({ 9: '0x02' }),
  fieldsWith({ 5: '0x70997970c51812dc3a010c7d01b50e0d17dc79' }), // 19 bytes
  fieldsWith({ 8: [[TO]] }), // no keys
  fieldsWith({ 8: '0x' }), // no list
  await sender.signTransaction({ ...feeMarket, nonce: 2 ** 53 - 1, gas: 2n ** 24n + 1n }),
  // viem itself would refuse a tip above the cap.
  fieldsWith({ 2: '0x3b9aca01' }),
  // Signed without a chain id.
  await sender.signTransaction({ type: 'legacy', nonce: 0, gas: 21_000n, gasPrice: GWEI, to: TO, value: 0n }),
]

/** In the list as derivation lists them: a legacy transaction is a list, a typed one a byte string. */
const listItem = (raw) => (fromHex(raw)[0] >= 0xc0 ? fromHex(raw) : fromHex(toRlp(raw)))
function encodeList(raws) {
  const body = Buffer.concat(raws.map(listItem))
  if (body.length <= 55) return toHex(Buffer.concat([Buffer.of(0xc0 + body.length), body]))
  let length = body.length.toString(16)
  if (length.length % 2) length = `0${length}`
  return toHex(Buffer.concat([Buffer.of(0xf7 + length.length / 2), Buffer.from(length, 'hex'), body]))
}
const inclusionLists = [[], [listed], transactions.map(({ raw }) => raw)].map((raws, i) => {
  const encoded = encodeList(raws)
  const transactionsHash = keccak256(encoded)
  const windowEnd = 1_800_000_012 + i
  return {
    l2ChainId: String(L2_CHAIN_ID),
    windowEnd,
    transactions: raws,
    encoded,
    transactionsHash,
    ...signPromise(
      3,
      encodeAbiParameters(
        [{ type: 'uint64' }, { type: 'uint48' }, { type: 'bytes32' }],
        [BigInt(L2_CHAIN_ID), windowEnd, transactionsHash],
      ),
    ),
  }
})
const goodList = inclusionLists[0].payload
const badListPayloads = [
  '0x',
  `${goodList}00`,
  goodList.slice(0, -2),
  ...[0, 1, 2].map((index) => withWord(goodList, index, word('00'))),
  ...[0, 1].map((index) => withWord(goodList, index, hugeWord)),
]

write('promises.json', {
  l1ChainId: L1_CHAIN_ID,
  registry: REGISTRY,
  slasher: SLASHER,
  domain: DOMAIN,
  signingId,
  committer: privateKeyToAccount(COMMITTER_KEY).address,
  blockCommitments,
  badBlockPayloads,
  inclusionLists,
  badListPayloads,
})

// An account trie of 200 accounts, the sender in several versions.
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const EMPTY_CODE = keccak256('0x')
const minimal = (value) => (value === 0n ? '0x' : `0x${value.toString(16).length % 2 ? '0' : ''}${value.toString(16)}`)
const account = ({ nonce = 0n, balance = 10n ** 19n, code = EMPTY_CODE, rest = [] }) =>
  toRlp([minimal(nonce), minimal(balance), EMPTY_ROOT, code, ...rest])
const keyOf = (address) => fromHex(keccak256(address))

async function prove(senderAccount) {
  const trie = await createMPT()
  for (let i = 1; i <= 200; i++) {
    const address = `0x${i.toString(16).padStart(40, '0')}`
    await trie.put(keyOf(address), fromHex(account({ nonce: BigInt(i) })))
  }
  if (senderAccount) await trie.put(keyOf(sender.address), fromHex(senderAccount))
  const proof = await createMerkleProof(trie, keyOf(sender.address))
  return { stateRoot: toHex(trie.root()), accountProof: proof.map(toHex) }
}

const feeMarketIndex = 3
const omitted = transactions[feeMarketIndex]
const nonce = BigInt(omitted.nonce)
write('transactions.json', { chainId: L2_CHAIN_ID, sender: sender.address, transactions, badTransactions })
write('omissions.json', {
  index: feeMarketIndex,
  transactions: inclusionLists[2].encoded,
  sender: sender.address,
  gasLimit: omitted.gasLimit,
  maxFeePerGas: omitted.maxFeePerGas,
  executable: await prove(account({ nonce })),
  exactBalance: await prove(account({ nonce, balance: BigInt(omitted.maxCostWei) })),
  poor: await prove(account({ nonce, balance: BigInt(omitted.maxCostWei) - 1n })),
  executed: await prove(account({ nonce: nonce + 1n })),
  nonceTooLow: await prove(account({ nonce: nonce - 1n })),
  withCode: await prove(account({ nonce, code: keccak256('0xef0100') })),
  fiveFields: await prove(account({ nonce, rest: ['0x01'] })),
  absent: await prove(undefined),
})
