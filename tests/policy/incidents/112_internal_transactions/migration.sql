ALTER TABLE "internal_transactions" DROP CONSTRAINT IF EXISTS "call_has_call_type";
ALTER TABLE "internal_transactions" ADD CONSTRAINT "call_has_call_type" CHECK (type != 'call' OR call_type IS NOT NULL);
ALTER TABLE "internal_transactions" DROP CONSTRAINT IF EXISTS "call_has_input";
ALTER TABLE "internal_transactions" ADD CONSTRAINT "call_has_input" CHECK (type != 'call' OR input IS NOT NULL);
