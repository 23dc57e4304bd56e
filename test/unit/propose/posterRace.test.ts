/** The poster on an L1 that does not stand still while it is looked at. */
import { expect, test } from 'vitest'
import { createBlobProver } from '../../../src/propose/blobProver.ts'
import { createMemoryJournal } from '../../../src/propose/journal.ts'
import type { RpcRequest } from '../../../src/propose/l1Rpc.ts'
import { createPoster, DEFAULT_POSTER_OPTIONS } from '../../../src/propose/poster.ts'
import { encodePropose } from '../../../src/propose/postRequest.ts'
import { encodeBlobs } from '../../../src/protocol/blobCodec.ts'
import { silentLogger } from '../../../src/telemetry/log.ts'
import { createSimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { testAccount, testAddress } from '../../support/proposeTransactions.ts'

const FAR = 1n << 40n

test('a proposal that lands while it is looked for is seen from a block that has it', async () => {
  const sim = createSimulatedL1({ seed: 'race', balances: { [testAddress(1)]: 10n ** 20n }, wrapper: 0 })
  sim.mine()
  let isLookedFor = false
  const rpc: RpcRequest = (method, params) => {
    if (isLookedFor && method === 'eth_getTransactionReceipt') {
      isLookedFor = false
      sim.mineNext()
    }
    return sim.request(method, params)
  }
  const poster = createPoster(
    {
      ...{ rpc, account: testAccount(1), logger: silentLogger },
      prover: createBlobProver(0),
      journal: createMemoryJournal(),
    },
    { ...DEFAULT_POSTER_OPTIONS, chainId: Number(sim.config.chainId), inbox: sim.config.inbox },
  )
  const blobs = encodeBlobs(Uint8Array.of(1))
  const data = encodePropose({
    lookahead: new Uint8Array(),
    deadline: FAR,
    blobCount: blobs.length,
    forcedInclusions: 0,
  })
  const sent = await poster.submit({ blobs, data, deadline: FAR, parentHash: sim.head().hash })
  expect(sent).toMatchObject({ type: 'sent' })

  isLookedFor = true
  const { events, head, inFlight } = await poster.poll()
  expect(events).toMatchObject([{ type: 'landed', blockNumber: sim.head().header.number, proposalId: 1n }])
  expect(inFlight).toBeUndefined()
  expect(head.hash).toBe(sim.head().hash)
})
