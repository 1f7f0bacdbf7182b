DROP POLICY IF EXISTS papers_titled ON papers;
CREATE POLICY papers_titled ON papers AS RESTRICTIVE FOR UPDATE USING (title <> '');
