/**
 * A transaction that is valid and fits the gas of a block, but not its zk gas: creation code that hashes 32 bytes 1.5 MiB out in memory,
 * 31 zk gas for each of 4.8 million gas.
 */
export const hashingCreation = { to: null, value: 0n, data: '0x6020621800002000', gas: 12_000_000n } as const
