/** Against a server that checks every token by itself and signs as Commit-Boost does. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type CommitBoostOptions,
  connectCommitBoost,
  createCommitBoostSigner,
} from '../../../../src/preconf/keys/commitBoost.ts'
import { CriticalError, TemporaryError } from '../../../../src/primitives/errors.ts'
import { blockCommitmentHash } from '../../../../src/promise/blockCommitment.ts'
import { recoverCommitter } from '../../../../src/promise/signature.ts'
import { blockOf, createPlace, DOMAIN, executionOf, hashOf, messageOf, type Place } from '../guard/place.ts'
import { MODULE, PROXY, SECRET, type SignerServer, startSignerServer } from './signerServer.ts'

let server: SignerServer
let options: CommitBoostOptions
let place: Place
beforeEach(async () => {
  server = await startSignerServer(DOMAIN.signingId)
  options = { url: server.url, jwtSecret: SECRET, moduleId: MODULE, proxy: PROXY, domain: DOMAIN }
  place = createPlace()
})
afterEach(async () => {
  await server.close()
  place.remove()
})

test('the guard signs every kind of promise by it, and records it first as ever', async () => {
  const guard = await place.openReady({ signers: [await connectCommitBoost(options)] })
  for (const answer of [
    await guard.signBlock(PROXY, blockOf(place)),
    await guard.signCommitment(PROXY, executionOf(place)),
    await guard.signStream(PROXY, messageOf(place, 'seal')),
  ]) {
    if (answer.type === 'refused') throw new Error(answer.refusal.reason)
    expect(recoverCommitter(answer.hash, answer.signature)).toBe(PROXY)
  }
  expect(server.routes).toEqual([
    '/signer/v1/get_pubkeys',
    ...Array.from({ length: 3 }, () => '/signer/v1/request_signature/proxy-ecdsa'),
  ])
  await guard.close()
})

test('a signer that fails leaves the position to its content, and is asked again', async () => {
  const guard = await place.openReady({ signers: [createCommitBoostSigner(options)] })
  server.bend = { status: 500 }
  await expect(guard.signBlock(PROXY, blockOf(place))).rejects.toThrow(TemporaryError)
  server.bend = {}
  expect(await guard.signBlock(PROXY, blockOf(place, { content: 2 }))).toMatchObject({
    refusal: { reason: 'otherContent', earlier: { hash: blockCommitmentHash(blockOf(place), DOMAIN) } },
  })
  expect(await guard.signBlock(PROXY, blockOf(place))).toMatchObject({ type: 'signed' })
  await guard.close()
})

test('a parity in place of v is taken', async () => {
  const signer = createCommitBoostSigner(options)
  const signature = await signer.sign(hashOf(1), hashOf(2))
  const parity = signature.endsWith('1b') ? '00' : '01'
  server.bend = { answer: { signature: signature.slice(2, -2) + parity } }
  expect(await signer.sign(hashOf(1), hashOf(2))).toBe(signature)
})

describe('each refusal is a sentence: what an operator can mend is critical, what may pass is temporary', () => {
  test.each([
    [400, CriticalError, /takes the request for a bad one \(the reason\).*signing_id/],
    [401, CriticalError, /does not let module PLUMBLINE in \(the reason\): check module id and JWT secret/],
    [404, CriticalError, /does not know the key 0x[0-9a-f]{40}, or not this route.*Web3Signer/],
    [429, TemporaryError, /keeps module PLUMBLINE out for a while \(the reason\)/],
    [500, TemporaryError, /failed by itself \(the reason\)/],
    [502, TemporaryError, /does not reach its Dirk \(the reason\)/],
    [503, TemporaryError, /answers with status 503 \(the reason\)/],
  ])('status %d', async (status, kind, sentence) => {
    server.bend = { status }
    const failure = await createCommitBoostSigner(options)
      .sign(hashOf(1), hashOf(2))
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(kind)
    expect((failure as Error).message).toMatch(sentence)
    expect((failure as Error).message).toMatch(/^the Commit-Boost signer at 127\.0\.0\.1:\d+ /)
  })

  test('of a wrong secret, from the server itself', async () => {
    const signer = createCommitBoostSigner({ ...options, jwtSecret: 'another' })
    await expect(signer.sign(hashOf(1), hashOf(2))).rejects.toThrow(/unauthorized: signature/)
  })

  test('of a plain text, cut short', async () => {
    server.bend = { status: 500, body: 'x'.repeat(10_000) }
    await expect(createCommitBoostSigner(options).sign(hashOf(1), hashOf(2))).rejects.toThrow(/\(x{200}\)/)
  })

  test.each([
    [
      'signs for another id',
      { module_signing_id: hashOf(8) },
      CriticalError,
      /set signing_id in its configuration/,
    ],
    [
      'signs for another chain',
      { chain_id: '0x88bb0' },
      CriticalError,
      /signs for chain 560048, and this L1 is 1/,
    ],
    ['answers for another root', { object_root: hashOf(3) }, TemporaryError, /another request than ours/],
    [
      'answers for another key',
      { address: `0x${'11'.repeat(20)}` },
      TemporaryError,
      /another request than ours/,
    ],
    ['answers with another nonce', { nonce: 1 }, TemporaryError, /another request than ours/],
    ['answers without a signature', { signature: '0x' }, TemporaryError, /no signature/],
  ])('when it %s', async (_what, answer, kind, sentence) => {
    server.bend = { answer }
    const failure = await createCommitBoostSigner(options)
      .sign(hashOf(1), hashOf(2))
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(kind)
    expect((failure as Error).message).toMatch(sentence)
  })

  test('when it sends no JSON, or far too much', async () => {
    for (const body of ['{', 'x'.repeat(1_000_001)]) {
      server.bend = { body }
      await expect(createCommitBoostSigner(options).sign(hashOf(1), hashOf(2))).rejects.toThrow(
        TemporaryError,
      )
    }
  })

  test('when it is slow, or not there', async () => {
    server.bend = { delayMs: 2_000 }
    await expect(
      createCommitBoostSigner({ ...options, timeoutMs: 20 }).sign(hashOf(1), hashOf(2)),
    ).rejects.toThrow(/does not answer/)
    await server.close()
    await expect(createCommitBoostSigner(options).sign(hashOf(1), hashOf(2))).rejects.toThrow(
      /does not answer: .*ECONNREFUSED/,
    )
  })

  test('and a signature by another key never leaves the guard', async () => {
    const guard = await place.openReady({ signers: [createCommitBoostSigner(options)] })
    const other = await createCommitBoostSigner(options).sign(hashOf(1), hashOf(2))
    server.bend = { answer: { signature: other } }
    await expect(guard.signBlock(PROXY, blockOf(place))).rejects.toThrow(/gave a signature of 0x/)
    await guard.close()
  })
})

describe('at the start', () => {
  test('a key it does not have is named', async () => {
    const proxy = `0x${'11'.repeat(20)}` as const
    await expect(connectCommitBoost({ ...options, proxy })).rejects.toThrow(
      /has no ECDSA proxy key 0x1111111111111111111111111111111111111111/,
    )
    server.bend = { body: '{}' }
    await expect(connectCommitBoost(options)).rejects.toThrow(TemporaryError)
  })

  test('a Web3Signer, which has the eth1 route only and hashes what it is given, is told apart', async () => {
    const web3signer = createServer((request, response) => {
      const isSigning = request.url?.startsWith('/api/v1/eth1/sign/')
      response.writeHead(isSigning ? 200 : 404).end(isSigning ? `0x${'11'.repeat(65)}` : 'Resource not found')
    })
    await new Promise<void>((done) => web3signer.listen(0, '127.0.0.1', done))
    const { port } = web3signer.address() as AddressInfo
    await expect(connectCommitBoost({ ...options, url: `http://127.0.0.1:${port}` })).rejects.toThrow(
      /which Web3Signer does not have/,
    )
    await new Promise((done) => web3signer.close(done))
  })
})
