UPDATE tx_results SET block_height = b.height FROM blocks AS b WHERE b.rowid = tx_results.block_id;
