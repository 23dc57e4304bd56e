/** The preferred blob source gives wrong, missing or strangely arranged blobs; what the consumer gets is right or late. */
import { expect, test } from 'vitest'
import { BlobUnavailableError } from '../../../src/l1/blobs.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { FAULTS } from '../../support/l1/faults/index.ts'
import { createLyingProvider } from '../../support/l1/faults/lyingProvider.ts'
import { createRandom } from '../../support/l1/random.ts'
import { createSimulatedL1, type SimulatedL1 } from '../../support/l1/simulatedL1.ts'
import { connect, endpointOf } from '../../support/l1Room.ts'

const chain = createSimulatedL1({ seed: 'blobs' })
const { proposal, block } = chain.propose({ payload: new Uint8Array(300_000).fill(7) })
const slice = proposal.sources[0]!.blobSlice
/** Comparing whole blobs element by element takes seconds. */
const digests = (blobs: readonly Uint8Array[]) => blobs.map(keccak256Hex)
const truth = digests(block.blobs.map(({ bytes }) => bytes))

const ROUTES = ['/eth/v1/beacon/blobs/', '/eth/v1/beacon/blob_sidecars/', '/blobs/', '/blobscan/'] as const
type Route = (typeof ROUTES)[number]

/** The source with only one of its routes for blobs. */
function onlyRoute(face: Pick<SimulatedL1, 'fetch'>, route: Route): Pick<SimulatedL1, 'fetch'> {
  return {
    fetch: async (input, init) => {
      const { pathname } = new URL(String(input))
      const isOther = ROUTES.some((other) => other !== route && pathname.startsWith(other))
      return isOther ? new Response('no such route', { status: 404 }) : face.fetch(input, init)
    },
  }
}

function sourceOf(name: string, face: Pick<SimulatedL1, 'fetch'>, route: Route) {
  const endpoint = endpointOf(name, { ...chain, fetch: onlyRoute(face, route).fetch }, 40)
  const url = route === '/blobscan/' ? `${endpoint.url}/blobscan` : endpoint.url
  return route.startsWith('/eth/')
    ? { beacons: [{ ...endpoint, url }] }
    : { beacons: [], blobServers: [{ ...endpoint, url }] }
}

/** The wire is the same for all routes. */
function faultsOn(route: Route) {
  return FAULTS.filter(
    ({ type, name }) =>
      type === 'blobs' || (type === 'transport' && route === ROUTES[0] && !name.startsWith('rpc-')),
  )
}

for (const route of ROUTES) {
  test(`reads blobs from ${route}`, async () => {
    const l1 = await connect(chain, sourceOf('only', chain, route))
    expect(digests(await l1.blobs(slice))).toEqual(truth)
    const reversed = { ...slice, blobHashes: [...slice.blobHashes].reverse() }
    expect(digests(await l1.blobs(reversed))).toEqual([...truth].reverse())
    await l1.close()
  })

  for (const fault of faultsOn(route)) {
    test(`${fault.name} (${fault.remedy}) from ${route}`, async () => {
      const liar = createLyingProvider(chain, fault, createRandom('liar'))
      const first = sourceOf('liar', liar, route)
      const honest = endpointOf('archive', chain)
      const alone = await connect(chain, { ...first, startAttempts: 1 })
      const result = await alone.blobs(slice).catch((error: unknown) => error)
      // Alone it either tells the truth after all, or it is named; it never passes.
      if (result instanceof Error) {
        expect(result).toBeInstanceOf(BlobUnavailableError)
        expect((result as BlobUnavailableError).sources.map(({ name }) => name)).toEqual(['liar'])
        if (/^blob-(bit|short|long|zeroed|not-canonical)/.test(fault.name))
          expect(result.cause).toMatchObject({ name: 'LyingProviderError', provider: 'liar' })
      } else expect(digests(result as readonly Uint8Array[])).toEqual(truth)
      await alone.close()

      const l1 = await connect(chain, { ...first, blobServers: [...(first.blobServers ?? []), honest] })
      expect(digests(await l1.blobs(slice))).toEqual(truth)
      await l1.close()
    })
  }
}
