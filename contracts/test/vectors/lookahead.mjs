// Makes lookahead-{mainnet,minimal}.json: beacon states of Fulu and Gloas, by Lodestar's SSZ types, and single proofs out of them.
// In a folder of its own (its packages are not this repository's):
//   npm install --ignore-scripts --legacy-peer-deps @lodestar/types@1.50.0 @chainsafe/blst@2.2.0
//   for preset in mainnet minimal; do LODESTAR_PRESET=$preset node lookahead.mjs > lookahead-$preset.json; done
import { createHash } from 'node:crypto'
import { SecretKey } from '@chainsafe/blst'
import { concatGindices, Tree } from '@chainsafe/persistent-merkle-tree'
import { ContainerType, toHexString } from '@chainsafe/ssz'
import { SLOTS_PER_EPOCH } from '@lodestar/params'
import { ssz } from '@lodestar/types'

const VALIDATOR_COUNT = 200
/** First and last ones of Gloas' subtrees (1, 4, 16, 64, 256 leaves), and the last validator. */
const PROVEN_VALIDATORS = [0, 1, 4, 5, 20, 21, 84, 85, 199]
const SLOT = 13_164_573

const random = (seed, length = 32) => {
  const digest = createHash('sha512').update(seed).digest()
  return Uint8Array.from({ length }, (_, i) => digest[i % digest.length])
}
const secretKey = (i) => SecretKey.fromBytes(Uint8Array.from([0, ...random(`key ${i}`, 31)]))

/** Words as in BlsPoints.G1Point: each 48-byte number behind 16 zero bytes. */
const g1Point = (pubkey) => {
  const bytes = pubkey.toBytes(false)
  const padded = [bytes.slice(0, 48), bytes.slice(48)].map((x) => Buffer.concat([Buffer.alloc(16), x]))
  return toHexString(Buffer.concat(padded))
}

/** Every field that is a number or bytes gets a value of its own, so that no two neighbours are alike. */
function buildState(type) {
  const state = type.defaultValue()
  for (const [i, name] of Object.keys(type.fields).entries()) {
    if (typeof state[name] === 'number') state[name] = 1000 + i
    if (typeof state[name] === 'bigint') state[name] = BigInt(1000 + i)
    if (state[name] instanceof Uint8Array && state[name].length === 32) state[name] = random(name)
  }
  state.slot = SLOT
  state.blockRoots[3] = random('block')
  state.stateRoots[3] = random('state')
  state.randaoMixes[3] = random('randao')
  for (let i = 0; i < VALIDATOR_COUNT; i++) {
    state.validators.push({
      pubkey: secretKey(i).toPublicKey().toBytes(true),
      withdrawalCredentials: random(`credentials ${i}`),
      effectiveBalance: 32e9 + i * 1e9,
      slashed: i % 7 === 3,
      activationEligibilityEpoch: i,
      activationEpoch: i + 1,
      exitEpoch: Infinity,
      withdrawableEpoch: Infinity,
    })
    state.balances.push(32e9 + i)
  }
  // Some of the numbers need more than one byte: indices of today's mainnet.
  for (let i = 0; i < 2 * SLOTS_PER_EPOCH; i++) {
    state.proposerLookahead[i] = i % 5 === 0 ? i : 1_900_000 + 7919 * i
  }
  return state
}

/** Lodestar keeps validators in a type of its own, which ends a path; its fields are those of a plain container. */
const VALIDATOR = new ContainerType(ssz.phase0.Validator.fields)

const lookaheadGindex = (type) => type.getPathInfo(['proposerLookahead']).gindex
const pubkeyGindex = (type, index) =>
  concatGindices([type.getPathInfo(['validators', index]).gindex, VALIDATOR.getPathInfo(['pubkey']).gindex])

function prove(tree, gindex) {
  return { gindex: gindex.toString(), branch: tree.getSingleProof(gindex).map((node) => toHexString(node)) }
}

function makeVectors(type) {
  const state = buildState(type)
  const tree = new Tree(type.toViewDU(state).node)
  const header = {
    slot: SLOT,
    proposerIndex: 1_234_567,
    parentRoot: random('parent'),
    stateRoot: type.hashTreeRoot(state),
    bodyRoot: random('body'),
  }
  return {
    header: {
      slot: header.slot,
      proposerIndex: header.proposerIndex,
      parentRoot: toHexString(header.parentRoot),
      stateRoot: toHexString(header.stateRoot),
      bodyRoot: toHexString(header.bodyRoot),
      root: toHexString(ssz.phase0.BeaconBlockHeader.hashTreeRoot(header)),
    },
    lookahead: {
      ...prove(tree, lookaheadGindex(type)),
      values: Array.from(state.proposerLookahead),
      bytes: toHexString(type.fields.proposerLookahead.serialize(state.proposerLookahead)),
      root: toHexString(type.fields.proposerLookahead.hashTreeRoot(state.proposerLookahead)),
    },
    validators: PROVEN_VALIDATORS.map((index) => ({
      index,
      secretKey: secretKey(index).toHex(),
      pubkey: toHexString(state.validators[index].pubkey),
      point: g1Point(secretKey(index).toPublicKey()),
      ...prove(tree, pubkeyGindex(type, index)),
    })),
  }
}

const vectors = { fulu: makeVectors(ssz.fulu.BeaconState), gloas: makeVectors(ssz.gloas.BeaconState) }
console.log(JSON.stringify(vectors, null, 1))
