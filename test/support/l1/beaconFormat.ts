/** Beacon headers and blocks as a beacon node words them; of the body, what concerns execution and blobs. */
import { bytesToHex } from '../../../src/primitives/hex.ts'
import type { L1Block } from './block.ts'
import type { View } from './tree.ts'

const SIGNATURE = `0x${'00'.repeat(96)}`

export function formatSignedHeader({ beacon }: L1Block) {
  return {
    message: {
      slot: String(beacon.slot),
      proposer_index: String(beacon.proposerIndex),
      parent_root: beacon.parentRoot,
      state_root: beacon.stateRoot,
      body_root: beacon.bodyRoot,
    },
    signature: SIGNATURE,
  }
}

export function formatBeaconHeader(view: View, block: L1Block) {
  return { root: block.beacon.root, canonical: view.isCanonical(block), header: formatSignedHeader(block) }
}

export function formatBeaconBlock(block: L1Block) {
  const { beacon, header } = block
  return {
    message: {
      slot: String(beacon.slot),
      proposer_index: String(beacon.proposerIndex),
      parent_root: beacon.parentRoot,
      state_root: beacon.stateRoot,
      body: {
        execution_payload: {
          parent_hash: header.parentHash,
          fee_recipient: header.coinbase,
          state_root: header.stateRoot,
          receipts_root: header.receiptsRoot,
          logs_bloom: bytesToHex(header.logsBloom),
          prev_randao: header.mixHash,
          block_number: String(header.number),
          gas_limit: String(header.gasLimit),
          gas_used: String(header.gasUsed),
          timestamp: String(header.timestamp),
          extra_data: bytesToHex(header.extraData),
          base_fee_per_gas: String(header.baseFeePerGas),
          block_hash: block.hash,
          transactions: block.transactions.map(({ raw }) => bytesToHex(raw)),
          withdrawals: [],
          blob_gas_used: String(header.blobGasUsed),
          excess_blob_gas: String(header.excessBlobGas),
        },
        blob_kzg_commitments: block.blobs.map((blob) => blob.commitment),
      },
    },
    signature: SIGNATURE,
  }
}
