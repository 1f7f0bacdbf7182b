ALTER TABLE finance_vote_head_account_reference_ledgers
    ADD CONSTRAINT finance_vote_head_account_reference_ledgers_finance_vote_head_account_id_fk
    FOREIGN KEY (finance_vote_head_account_id) REFERENCES accounts (id) NOT VALID;
ALTER TABLE finance_vote_head_account_reference_ledgers
    ADD CONSTRAINT finance_vote_head_account_reference_ledgers_finance_vote_head_account_ref_id_fk
    FOREIGN KEY (finance_vote_head_account_ref_id) REFERENCES accounts (id) NOT VALID;
