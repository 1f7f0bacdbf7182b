ALTER TABLE public.reports ADD COLUMN IF NOT EXISTS ai_summary_reason text;
ALTER TABLE public.reports
    ADD CONSTRAINT reports_reason_matches_summary
    CHECK ((ai_summary IS NULL) = (ai_summary_reason IS NOT NULL));
