/** Proposals replayed on the state of a node that is not trusted: both ways to its state, and every way it can lie. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hex } from '../../../src/primitives/hex.ts'
import { rowOf } from '../../../src/replay/remote/rows.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'
import {
  type Alter,
  createRemoteChain,
  KEEPER,
  type RemoteChain,
  startLiar,
  WITHOUT_WITNESS,
} from '../../support/replayRemote.ts'
import { hasCallProcess, SENDER } from '../../support/rpcDerived.ts'

const flipLast = (hex: Hex): Hex => `${hex.slice(0, -1)}${hex.endsWith('0') ? '1' : '0'}` as Hex

describe.skipIf(!hasCallProcess)('remote replay (needs compiled call processes)', () => {
  for (const fork of ['unzen', 'shasta'] as const)
    describe(`of a chain under ${fork}`, () => {
      let chain: RemoteChain
      beforeAll(async () => {
        chain = await createRemoteChain(fork)
      })
      afterAll(() => chain?.close())

      test('by execution witnesses every proposal comes out as it is on the chain', async () => {
        const rows = await chain.replay({})
        expect(rows.map(({ replayed }) => replayed.difference)).toEqual(rows.map(() => undefined))
        expect(rows.map(({ replayed }) => replayed.blocks.at(-1)?.hash)).toEqual(chain.ends)
        expect(rows.every(({ replayed }) => replayed.state === 'witness')).toBe(true)
        expect(rows[0]?.replayed.blocks[0]?.dropped).toBe(2)
        expect(rows[1]?.replayed.faults[0]?.fault.rule).toMatch(/^D-/)
        const trusts = rows.map(({ replayed }) => replayed.trust.type)
        expect(trusts).toEqual(rows.map((_, index) => (index < chain.count - 3 ? 'proven' : 'nodes')))
      })

      test('and by proofs alone, where slots and whole storages are deleted', async () => {
        const node = await startLiar(chain.url, WITHOUT_WITNESS)
        const rows = await chain.replay({ urls: [node.url] })
        expect(rows.map(({ replayed }) => replayed.blocks.at(-1)?.hash)).toEqual(chain.ends)
        expect(rows.every(({ replayed }) => replayed.state === 'proof')).toBe(true)
        expect(node.asked.filter((method) => method === 'debug_executionWitness')).toHaveLength(1)
        await node.close()
      })
    })

  describe('a node that', () => {
    let chain: RemoteChain
    beforeAll(async () => {
      chain = await createRemoteChain('unzen')
    })
    afterAll(() => chain?.close())

    const replayBy = async (
      alter: Readonly<Record<string, Alter>>,
      id: number,
      others: readonly string[] = [],
    ) => {
      const node = await startLiar(chain.url, alter)
      try {
        return await chain.replay({ urls: [node.url, ...others], from: id, to: id })
      } finally {
        await node.close()
      }
    }
    /** Deletes slots of the keeper. */
    const DELETING = 4
    const lie = (
      about: string,
      change: (result: { accountProof: Hex[]; storageProof: { proof: Hex[] }[] }) => void,
    ) => ({
      ...WITHOUT_WITNESS,
      eth_getProof: ((result, { params }) => {
        if (String(params[0]).toLowerCase() === about.toLowerCase()) change(result)
        return result
      }) satisfies Alter,
    })

    test('alters a leaf of an account is not believed', async () => {
      const altered = lie(SENDER.address, ({ accountProof }) => {
        accountProof.push(flipLast(accountProof.pop()!))
      })
      await expect(replayBy(altered, DELETING)).rejects.toThrow(
        /does not lead to where it should.*state trie|proof of/,
      )
      await expect(replayBy(altered, DELETING)).rejects.toMatchObject({ name: 'LyingNodeError' })
    })

    test('alters a leaf of a storage is not believed', async () => {
      const altered = lie(KEEPER, ({ storageProof }) => {
        for (const { proof } of storageProof) proof.push(flipLast(proof.pop()!))
      })
      await expect(replayBy(altered, DELETING)).rejects.toMatchObject({ name: 'LyingNodeError' })
    })

    test('withholds a node of a proof brings nothing to be zero', async () => {
      const altered = lie(KEEPER, ({ storageProof }) => {
        for (const { proof } of storageProof) proof.pop()
      })
      await expect(replayBy(altered, DELETING)).rejects.toMatchObject({ name: 'LyingNodeError' })
    })

    test('says that an account is not there must prove that too', async () => {
      const altered = lie(KEEPER, (result) => {
        result.accountProof = result.accountProof.slice(0, 1)
        result.storageProof = result.storageProof.map((each) => ({ ...each, proof: [] }))
      })
      await expect(replayBy(altered, DELETING)).rejects.toMatchObject({ name: 'LyingNodeError' })
    })

    test('alters a code is not believed', async () => {
      const altered = { ...WITHOUT_WITNESS, eth_getCode: ((code: Hex) => flipLast(code)) satisfies Alter }
      await expect(replayBy(altered, DELETING)).rejects.toThrow(/the code it gives .* hashes to/)
    })

    test('withholds parts of a witness is asked for proofs of them', async () => {
      const altered = {
        debug_executionWitness: ((witness) => ({
          ...witness,
          state: witness.state.filter((_: Hex, index: number) => index % 3 !== 1),
          codes: [],
        })) satisfies Alter,
      }
      const [row] = await replayBy(altered, DELETING)
      expect(row?.replayed.blocks.at(-1)?.hash).toBe(chain.ends[DELETING - 1])
    })

    test('alters witnesses brings nothing but what is missing', async () => {
      const altered = {
        debug_executionWitness: ((witness) => ({
          ...witness,
          state: witness.state.map(flipLast),
          codes: witness.codes.map(flipLast),
        })) satisfies Alter,
        eth_getProof() {
          throw new Error('no proofs')
        },
      }
      await expect(replayBy(altered, DELETING)).rejects.toMatchObject({ name: 'NodeLacksError' })
    })

    test('alters a header is not believed, nor one that has it hashed anew', async () => {
      const about = (from: bigint, change: Alter): Readonly<Record<string, Alter>> => ({
        eth_getBlockByNumber: (result, call) =>
          BigInt(String(call.params[0])) === from ? change(result, call) : result,
      })
      const first = (await chain.chain.proposal(BigInt(DELETING)))!.firstBlock
      const plain = about(first, (block) => ({ ...block, stateRoot: flipLast(block.stateRoot) }))
      await expect(replayBy(plain, DELETING)).rejects.toThrow(/its header hashes to/)
      const other = await chain.chain.headerByNumber(first - 1n)
      const swapped = about(first - 1n, (block) => ({ ...block, hash: other!.hash, extraData: '0x' }))
      await expect(replayBy(swapped, DELETING)).rejects.toMatchObject({ name: 'LyingNodeError' })
    })

    test('serves another chain is refused: by the proof on L1, or by another node', async () => {
      const other = await createRemoteChain('shasta', { proves: false })
      try {
        const serves = { urls: [other.url], from: DELETING, to: DELETING }
        await expect(chain.replay(serves)).rejects.toThrow(/but L1 transaction 0x[0-9a-f]{64} proves 0x/)
        const last = { from: chain.count, to: chain.count }
        await expect(chain.replay({ ...last, urls: [chain.url, other.url] })).rejects.toMatchObject({
          name: 'NodesDisagreeError',
        })
      } finally {
        await other.close()
      }
    })

    test('says another L1 height, or none, changes nothing', async () => {
      for (const height of [
        (x: object) => ({ ...x, l1BlockHeight: '0x1' }),
        (x: object) => ({ ...x, l1BlockHeight: '0xffff' }),
        () => ({}),
      ]) {
        const [row] = await replayBy({ taiko_l1OriginByID: height }, DELETING)
        expect(row?.replayed.blocks.at(-1)?.hash).toBe(chain.ends[DELETING - 1])
      }
    })

    test('is of a chain with other rules is told the first difference: rule, transaction and step', async () => {
      const { l1, l2 } = chain.spec
      const { chainId: l1ChainId, ...rest } = l1
      const under = createDevnetSpec({
        ...{ ...rest, l1ChainId, l2ChainId: l2.chainId, genesis: l2.genesis!, fork: 'shasta' },
      })
      // Its call counts leading zeros, for which Shasta has no opcode.
      const [row] = await chain.replay({ spec: under, from: chain.count, to: chain.count })
      const { difference } = row!.replayed
      expect(difference?.transaction?.index).toBe(1)
      expect(difference?.step?.theirs?.op).toBe('CLZ')
      expect(difference?.step?.sentence).toMatch(/^step 1 is .* at pc 2, .* here and CLZ at pc 2, depth 1/)
      expect(difference?.interpreters).toBe('both interpreters make the same of the block')
      expect(difference?.fields.map(({ field }) => field)).toContain('stateRoot')
      // As it is written to a file.
      const written = JSON.parse(JSON.stringify(rowOf(chain.spec.l2.chainId, row!)))
      expect(written).toMatchObject({ match: false, difference: { step: { theirs: { op: 'CLZ' } } } })
      const fees = { ...chain.spec, shasta: { ...chain.spec.shasta, baseFeeMin: 30_000_000n } }
      const stopped = await chain.replay({ spec: fees, from: 1, to: 4 })
      expect(stopped).toHaveLength(1)
      expect(stopped[0]?.replayed.difference).toMatchObject({ rule: 'D-65', fields: expect.anything() })
    })
  })
})
