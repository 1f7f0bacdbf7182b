SELECT proc.kind, q, schema, jsonb_build_object('definition', pg_get_functiondef(oid)), proowner, proacl, 'f'::"char", 'pg_proc'::regclass, oid, 0
  FROM proc WHERE prokind <> 'a'
UNION ALL SELECT proc.kind, q, schema, jsonb_strip_nulls(jsonb_build_object(
    'arguments', pg_get_function_arguments(oid), 'kind', aggkind, 'transition', aggtransfn, 'final', aggfinalfn, 'combine', aggcombinefn,
    'serialize', aggserialfn, 'deserialize', aggdeserialfn, 'moving_transition', aggmtransfn, 'moving_inverse', aggminvtransfn,
    'moving_final', aggmfinalfn, 'final_extra', aggfinalextra, 'moving_final_extra', aggmfinalextra, 'final_modify', aggfinalmodify,
    'moving_final_modify', aggmfinalmodify, 'sort_operator', aggsortop::regoperator::text, 'state', aggtranstype::regtype::text,
    'state_space', aggtransspace, 'moving_state', aggmtranstype::regtype::text, 'moving_state_space', aggmtransspace,
    'initial', agginitval, 'moving_initial', aggminitval, 'parallel', proparallel)), proowner, proacl, 'f', 'pg_proc'::regclass, oid, 0
  FROM proc JOIN pg_aggregate ON aggfnoid = proc.oid
UNION ALL SELECT 'trigger', format('%s.%I', q, tgname), q, jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'enabled', tgenabled),
    NULL, NULL, NULL, 'pg_trigger'::regclass, t.oid, 0
  FROM pg_trigger t JOIN rel ON rel.oid = tgrelid WHERE NOT tgisinternal AND tgparentid = 0
-- a partition's clone counts where it was enabled or disabled by itself
UNION ALL SELECT 'trigger', format('%s.%I', q, t.tgname), q, jsonb_build_object('enabled', t.tgenabled, 'inherited', true),
    NULL, NULL, NULL, 'pg_trigger'::regclass, t.oid, 0
  FROM pg_trigger t JOIN rel ON rel.oid = t.tgrelid JOIN pg_trigger above ON above.oid = t.tgparentid
  WHERE t.tgenabled <> above.tgenabled AND NOT above.tgisinternal
UNION ALL SELECT 'rule', format('%s.%I', q, rulename), q, jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', ev_enabled),
    NULL, NULL, NULL, 'pg_rewrite'::regclass, r.oid, 0
  FROM pg_rewrite r JOIN rel ON rel.oid = ev_class WHERE rulename <> '_RETURN'
UNION ALL SELECT 'policy', format('%s.%I', q, polname), q, jsonb_strip_nulls(jsonb_build_object('command', polcmd, 'permissive', polpermissive,
    'roles', (SELECT jsonb_agg(r ORDER BY r COLLATE "C") FROM (SELECT CASE x WHEN 0 THEN 'public' ELSE pg_get_userbyid(x)::text END FROM unnest(polroles) x) y(r)),
    'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid))),
    NULL, NULL, NULL, 'pg_policy'::regclass, p.oid, 0
  FROM pg_policy p JOIN rel ON rel.oid = polrelid
