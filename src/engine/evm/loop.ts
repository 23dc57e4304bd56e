/**
 * The interpreter loop, Shanghai to Osaka: synchronous, on numbers where words are small. It hands back control where it has to wait for the
 * state, to open a frame, or to end. Yellow Paper §9; gas in the order of revm, which zk gas is counted in (unzen.md §1.4): a charge that
 * cannot be paid counts all gas that was left, every other failure what was charged until then.
 *
 * One function and one switch, since locals and jumps are what makes it fast (bench/evm.ts). What opening a frame costs is in callGas.ts.
 */
import { keccak256 } from '../../primitives/keccak.ts'
import { type CallGas, callGas, createGas, type GasAnswer, isEmpty } from './callGas.ts'
import { readPush } from './code.ts'
import type { Exit, Failure, Frame, Surroundings } from './frame.ts'
import { expansionGas, wordsOf } from './memory.ts'
import { sstoreGas, sstoreRefund } from './sstore.ts'
import type { Word } from './word.ts'
import * as w from './word.ts'

const DONE: Exit = { type: 'done' }
const UINT64_MAX = 2n ** 64n - 1n
const COPY_WORD_GAS = 3
const KECCAK_WORD_GAS = 6
const EXP_BYTE_GAS = 50
const LOG_BYTE_GAS = 8
const LOG_TOPIC_GAS = 375
/** What an access costs beyond the warm price when it is the first. EIP-2929. */
const COLD_ACCOUNT_GAS = 2500
const COLD_SLOT_GAS = 2000
const COLD_SLOT_WRITE_GAS = 2100
const COLD_BENEFICIARY_GAS = 2600
const NEW_ACCOUNT_GAS = 25_000
const WARM_ACCESS_GAS = 100
/** EIP-2200. */
const SSTORE_SENTRY_GAS = 2300
/** Opcodes of a fork to come that revm charges before it refuses them: SLOTNUM, DUPN, SWAPN, EXCHANGE. */
const REFUSED_GAS: Readonly<Record<number, number>> = { 75: 2, 230: 3, 231: 3, 232: 3 }

/** Runs until it has to hand back; the frame holds where it stands. */
export function runLoop(frame: Frame, world: Surroundings): Exit {
  const { code, stack, memory, address, isStatic } = frame
  const { bytes, destinations, pushes } = code
  const { state, journal, meter } = world
  const { defined, staticGas, stackMin, stackMax } = world.opcodes
  const { factors, statics, max } = meter
  let { pc, gas, depth: sp } = frame
  let zk = meter.used
  let before = gas
  let zkBefore = zk
  let failure: Failure

  for (;;) {
    if (zk > max) return stop(frame, meter, pc, gas, sp, zk, DONE)
    const op = bytes[pc] as number
    before = gas
    zkBefore = zk
    gas -= staticGas[op] as number
    if (gas < 0) {
      zk += before * (factors[op] as number)
      failure = 'out of gas'
      break
    }
    zk += statics[op] as number
    if (sp < (stackMin[op] as number)) {
      // All opcodes alike: `statics` has nothing of those that may open a frame, and this one will not.
      zk = zkBefore + (before - gas) * (factors[op] as number)
      failure = 'stack underflow'
      break
    }
    if (sp > (stackMax[op] as number)) {
      failure = 'stack overflow'
      break
    }
    // Half of all steps.
    if (op >= 0x60 && op <= 0x9f) {
      if (op <= 0x7f) {
        // PUSH1 … PUSH32
        stack[sp++] = pushes[pc] ?? readPush(code, pc)
        pc += op - 0x5e
      } else if (op <= 0x8f) {
        // DUP1 … DUP16
        stack[sp] = stack[sp - (op - 0x7f)] as Word
        sp++
        pc++
      } else {
        // SWAP1 … SWAP16
        const other = sp - 1 - (op - 0x8f)
        const top = stack[sp - 1] as Word
        stack[sp - 1] = stack[other] as Word
        stack[other] = top
        pc++
      }
      continue
    }
    switch (op) {
      case 0x00: // STOP
        return stop(frame, meter, pc, gas, sp, zk, DONE)
      case 0x01: // ADD
        sp--
        stack[sp - 1] = w.add(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x02: // MUL
        sp--
        stack[sp - 1] = w.mul(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x03: // SUB
        sp--
        stack[sp - 1] = w.sub(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x04: // DIV
        sp--
        stack[sp - 1] = w.div(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x05: // SDIV
        sp--
        stack[sp - 1] = w.sdiv(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x06: // MOD
        sp--
        stack[sp - 1] = w.mod(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x07: // SMOD
        sp--
        stack[sp - 1] = w.smod(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x08: // ADDMOD
        sp -= 2
        stack[sp - 1] = w.addmod(stack[sp + 1] as Word, stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x09: // MULMOD
        sp -= 2
        stack[sp - 1] = w.mulmod(stack[sp + 1] as Word, stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x0a: {
        // EXP
        const exponent = stack[sp - 2] as Word
        const cost = EXP_BYTE_GAS * w.byteLength(exponent)
        if (cost > gas) {
          zk += gas * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        }
        gas -= cost
        zk += cost * (factors[op] as number)
        sp--
        stack[sp - 1] = w.exp(stack[sp] as Word, exponent)
        break
      }
      case 0x0b: // SIGNEXTEND
        sp--
        stack[sp - 1] = w.signextend(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x10: // LT
        sp--
        stack[sp - 1] = w.lessThan(stack[sp] as Word, stack[sp - 1] as Word) ? 1 : 0
        break
      case 0x11: // GT
        sp--
        stack[sp - 1] = w.lessThan(stack[sp - 1] as Word, stack[sp] as Word) ? 1 : 0
        break
      case 0x12: // SLT
        sp--
        stack[sp - 1] = w.signedLessThan(stack[sp] as Word, stack[sp - 1] as Word) ? 1 : 0
        break
      case 0x13: // SGT
        sp--
        stack[sp - 1] = w.signedLessThan(stack[sp - 1] as Word, stack[sp] as Word) ? 1 : 0
        break
      case 0x14: // EQ
        sp--
        stack[sp - 1] = w.equal(stack[sp] as Word, stack[sp - 1] as Word) ? 1 : 0
        break
      case 0x15: // ISZERO
        stack[sp - 1] = w.isZero(stack[sp - 1] as Word) ? 1 : 0
        break
      case 0x16: // AND
        sp--
        stack[sp - 1] = w.and(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x17: // OR
        sp--
        stack[sp - 1] = w.or(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x18: // XOR
        sp--
        stack[sp - 1] = w.xor(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x19: // NOT
        stack[sp - 1] = w.not(stack[sp - 1] as Word)
        break
      case 0x1a: // BYTE
        sp--
        stack[sp - 1] = w.byteAt(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x1b: // SHL
        sp--
        stack[sp - 1] = w.shiftLeft(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x1c: // SHR
        sp--
        stack[sp - 1] = w.shiftRight(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x1d: // SAR
        sp--
        stack[sp - 1] = w.shiftRightSigned(stack[sp] as Word, stack[sp - 1] as Word)
        break
      case 0x1e: // CLZ
        if (defined[op] === 0) return stop(frame, meter, pc, gas, sp, zk, failed('invalid opcode'))
        stack[sp - 1] = w.leadingZeros(stack[sp - 1] as Word)
        break
      case 0x20: {
        // KECCAK256
        const length = stack[sp - 2] as Word
        if (length > UINT64_MAX) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        const size = w.toSize(length)
        const hashing = KECCAK_WORD_GAS * wordsOf(size)
        if (hashing > gas) {
          zk += gas * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        }
        gas -= hashing
        zk += hashing * (factors[op] as number)
        const offset = w.toSize(stack[sp - 1] as Word)
        const grown = expansionGas(memory, offset, size)
        if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        gas -= grown
        zk += grown * (factors[op] as number)
        if (grown > 0) memory.grow(wordsOf(offset + size))
        sp--
        stack[sp - 1] = w.bytesToWord(keccak256(size === 0 ? EMPTY : memory.view(offset, size)))
        break
      }
      case 0x30: // ADDRESS
        stack[sp++] = w.addressToWord(address)
        break
      case 0x31: {
        // BALANCE
        const target = w.toAddress(stack[sp - 1] as Word)
        const isWarm = journal.isWarm(target)
        if (!isWarm) {
          if (COLD_ACCOUNT_GAS > gas) {
            zk += gas * (factors[op] as number)
            return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
          }
          gas -= COLD_ACCOUNT_GAS
          zk += COLD_ACCOUNT_GAS * (factors[op] as number)
        }
        const account = state.readAccount(target)
        if (account instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(account))
        if (!isWarm) journal.warm(target)
        stack[sp - 1] = account === null ? 0 : w.toWord(account.balance)
        break
      }
      case 0x32: // ORIGIN
        stack[sp++] = world.origin
        break
      case 0x33: // CALLER
        stack[sp++] = w.addressToWord(frame.caller)
        break
      case 0x34: // CALLVALUE
        stack[sp++] = frame.value
        break
      case 0x35: // CALLDATALOAD
        stack[sp - 1] = w.loadPadded(frame.data, w.toSize(stack[sp - 1] as Word))
        break
      case 0x36: // CALLDATASIZE
        stack[sp++] = frame.data.length
        break
      case 0x37: // CALLDATACOPY
      case 0x39: // CODECOPY
      case 0x3e: {
        // RETURNDATACOPY
        const length = stack[sp - 3] as Word
        if (length > UINT64_MAX) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        const size = w.toSize(length)
        const start = w.toSize(stack[sp - 2] as Word)
        if (op === 0x3e && start + size > frame.returnData.length)
          return stop(frame, meter, pc, gas, sp, zk, failed('return data out of bounds'))
        const copying = COPY_WORD_GAS * wordsOf(size)
        if (copying > gas) {
          zk += gas * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        }
        gas -= copying
        zk += copying * (factors[op] as number)
        const offset = w.toSize(stack[sp - 1] as Word)
        const grown = expansionGas(memory, offset, size)
        if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        gas -= grown
        zk += grown * (factors[op] as number)
        if (grown > 0) memory.grow(wordsOf(offset + size))
        sp -= 3
        if (size > 0) {
          const source = op === 0x37 ? frame.data : op === 0x39 ? code.source : frame.returnData
          memory.write(offset, size, source, start)
        }
        break
      }
      case 0x38: // CODESIZE
        stack[sp++] = code.source.length
        break
      case 0x3a: // GASPRICE
        stack[sp++] = world.gasPrice
        break
      case 0x3b: // EXTCODESIZE
      case 0x3f: {
        // EXTCODEHASH
        const target = w.toAddress(stack[sp - 1] as Word)
        const isWarm = journal.isWarm(target)
        if (!isWarm) {
          if (COLD_ACCOUNT_GAS > gas) {
            zk += gas * (factors[op] as number)
            return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
          }
          gas -= COLD_ACCOUNT_GAS
          zk += COLD_ACCOUNT_GAS * (factors[op] as number)
        }
        if (op === 0x3b) {
          const found = state.readCode(target)
          if (found instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(found))
          stack[sp - 1] = found.length
        } else {
          const account = state.readAccount(target)
          if (account instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(account))
          stack[sp - 1] = isEmpty(account) ? 0 : w.bytesToWord(account.codeHash)
        }
        if (!isWarm) journal.warm(target)
        break
      }
      case 0x3c: {
        // EXTCODECOPY
        const length = stack[sp - 4] as Word
        if (length > UINT64_MAX) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        const size = w.toSize(length)
        const copying = COPY_WORD_GAS * wordsOf(size)
        if (copying > gas) {
          zk += gas * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        }
        gas -= copying
        zk += copying * (factors[op] as number)
        const offset = w.toSize(stack[sp - 2] as Word)
        const grown = expansionGas(memory, offset, size)
        if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        gas -= grown
        zk += grown * (factors[op] as number)
        const target = w.toAddress(stack[sp - 1] as Word)
        const isWarm = journal.isWarm(target)
        if (!isWarm) {
          if (COLD_ACCOUNT_GAS > gas) {
            zk += gas * (factors[op] as number)
            return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
          }
          gas -= COLD_ACCOUNT_GAS
          zk += COLD_ACCOUNT_GAS * (factors[op] as number)
        }
        const found = state.readCode(target)
        if (found instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(found))
        if (!isWarm) journal.warm(target)
        if (grown > 0) memory.grow(wordsOf(offset + size))
        if (size > 0) memory.write(offset, size, found, w.toSize(stack[sp - 3] as Word))
        sp -= 4
        break
      }
      case 0x3d: // RETURNDATASIZE
        stack[sp++] = frame.returnData.length
        break
      case 0x40: {
        // BLOCKHASH
        const number = w.toSize(stack[sp - 1] as Word)
        const distance = world.number - number
        if (distance < 1 || distance > 256) {
          stack[sp - 1] = 0
          break
        }
        const hash = world.blockHash(number)
        if (hash instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(hash))
        stack[sp - 1] = hash
        break
      }
      case 0x41: // COINBASE
        stack[sp++] = world.coinbase
        break
      case 0x42: // TIMESTAMP
        stack[sp++] = world.timestamp
        break
      case 0x43: // NUMBER
        stack[sp++] = world.numberWord
        break
      case 0x44: // PREVRANDAO
        stack[sp++] = world.prevRandao
        break
      case 0x45: // GASLIMIT
        stack[sp++] = world.gasLimit
        break
      case 0x46: // CHAINID
        stack[sp++] = world.chainId
        break
      case 0x47: {
        // SELFBALANCE
        const account = state.readAccount(address)
        if (account instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(account))
        stack[sp++] = account === null ? 0 : w.toWord(account.balance)
        break
      }
      case 0x48: // BASEFEE
        stack[sp++] = world.baseFee
        break
      case 0x49: {
        // BLOBHASH
        if (defined[op] === 0) return stop(frame, meter, pc, gas, sp, zk, failed('invalid opcode'))
        stack[sp - 1] = world.blobHashes[w.toSize(stack[sp - 1] as Word)] ?? 0
        break
      }
      case 0x4a: // BLOBBASEFEE
        if (defined[op] === 0) return stop(frame, meter, pc, gas, sp, zk, failed('invalid opcode'))
        stack[sp++] = world.blobBaseFee
        break
      case 0x50: // POP
        sp--
        break
      case 0x51: {
        // MLOAD
        const offset = w.toSize(stack[sp - 1] as Word)
        if (offset + 32 > memory.words * 32) {
          const grown = expansionGas(memory, offset, 32)
          if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
          gas -= grown
          zk += grown * (factors[op] as number)
          memory.grow(wordsOf(offset + 32))
        }
        stack[sp - 1] = memory.load(offset)
        break
      }
      case 0x52: {
        // MSTORE
        const offset = w.toSize(stack[sp - 1] as Word)
        if (offset + 32 > memory.words * 32) {
          const grown = expansionGas(memory, offset, 32)
          if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
          gas -= grown
          zk += grown * (factors[op] as number)
          memory.grow(wordsOf(offset + 32))
        }
        memory.store(offset, stack[sp - 2] as Word)
        sp -= 2
        break
      }
      case 0x53: {
        // MSTORE8
        const offset = w.toSize(stack[sp - 1] as Word)
        if (offset + 1 > memory.words * 32) {
          const grown = expansionGas(memory, offset, 1)
          if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
          gas -= grown
          zk += grown * (factors[op] as number)
          memory.grow(wordsOf(offset + 1))
        }
        memory.storeByte(offset, stack[sp - 2] as Word)
        sp -= 2
        break
      }
      case 0x54: {
        // SLOAD
        const slot = w.toWordHex(stack[sp - 1] as Word)
        const isWarm = journal.isSlotWarm(address, slot)
        if (!isWarm) {
          if (COLD_SLOT_GAS > gas) {
            zk += gas * (factors[op] as number)
            return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
          }
          gas -= COLD_SLOT_GAS
          zk += COLD_SLOT_GAS * (factors[op] as number)
        }
        const value = state.readSlot(address, slot)
        if (value instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(value))
        if (!isWarm) journal.warmSlot(address, slot)
        stack[sp - 1] = w.bytesToWord(value)
        break
      }
      case 0x55: {
        // SSTORE
        if (isStatic) return stop(frame, meter, pc, gas, sp, zk, failed('static state change'))
        if (gas <= SSTORE_SENTRY_GAS) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        const slot = w.toWordHex(stack[sp - 1] as Word)
        const isWarm = journal.isSlotWarm(address, slot)
        const access = isWarm ? WARM_ACCESS_GAS : WARM_ACCESS_GAS + COLD_SLOT_WRITE_GAS
        const currentBytes = state.readSlot(address, slot)
        if (currentBytes instanceof Promise)
          return stop(frame, meter, pc, before, sp, zkBefore, wait(currentBytes))
        const current = w.bytesToWord(currentBytes)
        const original = w.bytesToWord(state.originalSlot(address, slot, currentBytes))
        const value = stack[sp - 2] as Word
        const cost = access + sstoreGas(original, current, value)
        if (cost > gas) {
          zk += gas * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        }
        gas -= cost
        zk += cost * (factors[op] as number)
        if (!isWarm) journal.warmSlot(address, slot)
        frame.refund += sstoreRefund(original, current, value)
        state.writeSlot(address, slot, w.wordToTrimmed(value))
        sp -= 2
        break
      }
      case 0x56: {
        // JUMP
        const target = w.toSize(stack[sp - 1] as Word)
        if (destinations[target] !== 1) return stop(frame, meter, pc, gas, sp, zk, failed('invalid jump'))
        sp--
        pc = target
        continue
      }
      case 0x57: {
        // JUMPI
        if (!w.isZero(stack[sp - 2] as Word)) {
          const target = w.toSize(stack[sp - 1] as Word)
          if (destinations[target] !== 1) return stop(frame, meter, pc, gas, sp, zk, failed('invalid jump'))
          sp -= 2
          pc = target
          continue
        }
        sp -= 2
        break
      }
      case 0x58: // PC
        stack[sp++] = pc
        break
      case 0x59: // MSIZE
        stack[sp++] = memory.words * 32
        break
      case 0x5a: // GAS
        stack[sp++] = gas
        break
      case 0x5b: // JUMPDEST
        break
      case 0x5c: // TLOAD
        if (defined[op] === 0) return stop(frame, meter, pc, gas, sp, zk, failed('invalid opcode'))
        stack[sp - 1] = world.transient.read(address, w.toWordHex(stack[sp - 1] as Word))
        break
      case 0x5d: // TSTORE
        if (defined[op] === 0) return stop(frame, meter, pc, gas, sp, zk, failed('invalid opcode'))
        if (isStatic) return stop(frame, meter, pc, gas, sp, zk, failed('static state change'))
        world.transient.write(address, w.toWordHex(stack[sp - 1] as Word), stack[sp - 2] as Word)
        sp -= 2
        break
      case 0x5e: {
        // MCOPY
        if (defined[op] === 0) return stop(frame, meter, pc, gas, sp, zk, failed('invalid opcode'))
        const length = stack[sp - 3] as Word
        if (length > UINT64_MAX) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        const size = w.toSize(length)
        const copying = COPY_WORD_GAS * wordsOf(size)
        if (copying > gas) {
          zk += gas * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        }
        gas -= copying
        zk += copying * (factors[op] as number)
        const to = w.toSize(stack[sp - 1] as Word)
        const from = w.toSize(stack[sp - 2] as Word)
        const furthest = Math.max(to, from)
        const grown = expansionGas(memory, furthest, size)
        if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        gas -= grown
        zk += grown * (factors[op] as number)
        if (grown > 0) memory.grow(wordsOf(furthest + size))
        if (size > 0) memory.move(to, from, size)
        sp -= 3
        break
      }
      case 0x5f: // PUSH0
        stack[sp++] = 0
        break
      case 0xa0: // LOG0 … LOG4
      case 0xa1:
      case 0xa2:
      case 0xa3:
      case 0xa4: {
        if (isStatic) return stop(frame, meter, pc, gas, sp, zk, failed('static state change'))
        const length = stack[sp - 2] as Word
        if (length > UINT64_MAX) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        const size = w.toSize(length)
        const topicCount = op - 0xa0
        const cost = LOG_TOPIC_GAS * topicCount + LOG_BYTE_GAS * size
        if (cost > gas) {
          zk += gas * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        }
        gas -= cost
        zk += cost * (factors[op] as number)
        const offset = w.toSize(stack[sp - 1] as Word)
        const grown = expansionGas(memory, offset, size)
        if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        gas -= grown
        zk += grown * (factors[op] as number)
        // The topics are taken last: a stack without them fails after the charges.
        if (sp < topicCount + 2) return stop(frame, meter, pc, gas, sp, zk, failed('stack underflow'))
        if (grown > 0) memory.grow(wordsOf(offset + size))
        sp -= 2
        const topics: Uint8Array[] = []
        for (let i = 0; i < topicCount; i++) topics.push(w.wordToBytes(stack[--sp] as Word))
        frame.logs.push([frame.addressBytes, topics, size === 0 ? EMPTY : memory.copy(offset, size)])
        break
      }
      case 0xf0: // CREATE
      case 0xf5: {
        // CREATE2
        const answer = createGas(frame, op, sp, gas)
        if (answer.type === 'failed') {
          zk += answer.counted * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed(answer.failure))
        }
        gas -= answer.gas
        zk += meter.spawns[op] as number
        sp -= op === 0xf0 ? 3 : 4
        return stop(frame, meter, pc + 1, gas - answer.request.gas, sp, zk, answer.request)
      }
      case 0xf1: // CALL
      case 0xf2: // CALLCODE
      case 0xf4: // DELEGATECALL
      case 0xfa: {
        // STATICCALL
        const answer: GasAnswer<CallGas> = callGas(frame, world, op, sp, gas)
        if (answer.type === 'wait') return stop(frame, meter, pc, before, sp, zkBefore, answer)
        if (answer.type === 'failed') {
          zk += (before - gas + answer.counted) * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed(answer.failure))
        }
        gas -= answer.gas
        zk += meter.spawns[op] as number
        sp -= op === 0xf1 || op === 0xf2 ? 7 : 6
        return stop(frame, meter, pc + 1, gas, sp, zk, answer.request)
      }
      case 0xf3: // RETURN
      case 0xfd: {
        // REVERT
        const offset = w.toSize(stack[sp - 1] as Word)
        const size = w.toSize(stack[sp - 2] as Word)
        const grown = expansionGas(memory, offset, size)
        if (grown > gas) return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        gas -= grown
        zk += grown * (factors[op] as number)
        if (grown > 0) memory.grow(wordsOf(offset + size))
        frame.output = size === 0 ? EMPTY : memory.copy(offset, size)
        sp -= 2
        return stop(frame, meter, pc, gas, sp, zk, op === 0xf3 ? DONE : failed('revert'))
      }
      case 0xff: {
        // SELFDESTRUCT
        if (isStatic) return stop(frame, meter, pc, gas, sp, zk, failed('static state change'))
        const beneficiary = w.toAddress(stack[sp - 1] as Word)
        const isWarm = journal.isWarm(beneficiary)
        const access = isWarm ? 0 : COLD_BENEFICIARY_GAS
        const own = access > gas ? null : state.readAccount(address)
        if (own instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(own))
        let cost = access
        if (own !== null && own.balance > 0n) {
          const other = state.readAccount(beneficiary)
          if (other instanceof Promise) return stop(frame, meter, pc, before, sp, zkBefore, wait(other))
          if (isEmpty(other)) cost += NEW_ACCOUNT_GAS
        }
        if (cost > gas) {
          zk += gas * (factors[op] as number)
          return stop(frame, meter, pc, gas, sp, zk, failed('out of gas'))
        }
        gas -= cost
        zk += cost * (factors[op] as number)
        if (!isWarm) journal.warm(beneficiary)
        sp--
        return stop(frame, meter, pc, gas, sp, zk, { type: 'selfdestruct', beneficiary })
      }
      default:
        zk += Math.min(gas, REFUSED_GAS[op] ?? 0) * (factors[op] as number)
        return stop(frame, meter, pc, gas, sp, zk, failed('invalid opcode'))
    }
    pc++
  }
  return stop(frame, meter, pc, gas, sp, zk, failed(failure))
}

const EMPTY = new Uint8Array(0)

/** A function of its own, not a closure: locals that closures share are slow. */
function stop(
  frame: Frame,
  meter: Surroundings['meter'],
  pc: number,
  gas: number,
  depth: number,
  zk: number,
  exit: Exit,
): Exit {
  frame.pc = pc
  frame.gas = gas
  frame.depth = depth
  meter.used = zk
  return exit
}

function failed(failure: Failure): Exit {
  return { type: 'failed', failure }
}

function wait(on: Promise<unknown>): Exit {
  return { type: 'wait', on }
}
