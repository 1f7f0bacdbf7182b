DROP POLICY IF EXISTS papers_titled ON papers;
