DROP POLICY IF EXISTS contacts_own ON contacts;
CREATE POLICY contacts_select ON contacts FOR SELECT USING (account_id > 0);
