import { expect, test } from 'vitest'
import { registrationRoot, signingDomainOf, signingRoot } from '../../../src/promise/signingRoot.ts'

/** Fork versions and domains of the public networks, as Commit-Boost has them. */
test.each([
  ['mainnet', '0x00000000', '0x6d6d6f43f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a9'],
  ['sepolia', '0x90000069', '0x6d6d6f43d3010778cd08ee514b08fe67b6c503b510987a4ce43f42306d97c67c'],
  ['holesky', '0x01017000', '0x6d6d6f435b83a23759c560b2d0c64576e1dcfc34ea94c4988f3e0d9f77f05387'],
  ['hoodi', '0x10000910', '0x6d6d6f43719103511efa4f1362ff2a50996cccf329cc84cb410c5e5c7d351d03'],
] as const)('makes the domain of %s', (_name, version, domain) => {
  expect(signingDomainOf(version)).toBe(domain)
})

test('makes the signing root that Commit-Boost makes', () => {
  const root = signingRoot(`0x${'01'.repeat(32)}`, 42n, {
    l1ChainId: 560_048n,
    domain: signingDomainOf('0x10000910'),
    signingId: `0x${'02'.repeat(32)}`,
  })
  expect(root).toBe('0x0b95fcdb3f003fc6f0fd3238d906f359809e97fe7ec71f56771cb05bee4150bd')
})

test('makes the registration root of the signing-domain registry', () => {
  expect(registrationRoot(`0x${'11'.repeat(20)}`)).toBe(
    '0xe0c7a9983a810c24cb2fe92669f4f7e99cdccb534b2d47678b3ca9b9c903bb11',
  )
})
