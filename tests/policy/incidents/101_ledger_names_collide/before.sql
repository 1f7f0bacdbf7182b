CREATE TABLE accounts (id bigint PRIMARY KEY);
CREATE TABLE finance_vote_head_account_reference_ledgers (
    id bigint PRIMARY KEY, finance_vote_head_account_id bigint, finance_vote_head_account_ref_id bigint
);
CREATE INDEX ledgers_account_idx ON finance_vote_head_account_reference_ledgers (finance_vote_head_account_id);
CREATE INDEX ledgers_ref_idx ON finance_vote_head_account_reference_ledgers (finance_vote_head_account_ref_id);
