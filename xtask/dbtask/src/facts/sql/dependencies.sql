-- Which object depends on which, by their addresses, at the grain of the facts: what PostgreSQL keeps as several objects
-- (a view and its rule, a column and its sequence, a constraint and its index) is one here.
WITH ext AS MATERIALIZED (
  SELECT classid, objid, refobjid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
), raw AS MATERIALIZED (
  SELECT DISTINCT classid, objid, objsubid, refclassid, refobjid, refobjsubid FROM pg_depend
  WHERE deptype IN ('n', 'a', 'i', 'P', 'S') AND objid >= 16384 AND refobjid >= 16384
), ends AS MATERIALIZED (
  SELECT classid AS c, objid AS o, objsubid AS s FROM raw UNION SELECT refclassid, refobjid, refobjsubid FROM raw
), fact AS MATERIALIZED (
  SELECT e.c, e.o, e.s,
    CASE WHEN x.refobjid IS NOT NULL THEN 'pg_extension'::regclass                    -- what an extension brought: the extension
         WHEN rw.rulename = '_RETURN' OR nn.oid IS NOT NULL                           -- a view's rule, a NOT NULL: the view, the column
           OR (ty.typrelid <> 0 AND tc.relkind <> 'c')                                -- a row type: the relation
           OR ids.refobjid IS NOT NULL THEN 'pg_class'::regclass                      -- an identity column's sequence: the column
         WHEN cc.relkind = 'c' THEN 'pg_type'::regclass
         WHEN ci.oid IS NOT NULL THEN 'pg_constraint'::regclass                       -- a constraint's index: the constraint
         WHEN ao.oid IS NOT NULL OR ap.oid IS NOT NULL THEN 'pg_opfamily'::regclass   -- a member: its operator family
         ELSE e.c::regclass END AS class,
    COALESCE(x.refobjid, nn.conrelid, CASE WHEN rw.rulename = '_RETURN' THEN rw.ev_class END, CASE WHEN tc.relkind <> 'c' THEN ty.typrelid END,
      rg.rngtypid, CASE WHEN cc.relkind = 'c' THEN cc.reltype END, ci.oid, ids.refobjid, ao.amopfamily, ap.amprocfamily, ty.oid, e.o) AS oid,
    CASE WHEN ids.refobjid IS NOT NULL THEN ids.refobjsubid WHEN nn.oid IS NOT NULL THEN nn.conkey[1]
         WHEN cc.relkind IN ('v', 'm', 'c') OR x.refobjid IS NOT NULL OR rw.oid IS NOT NULL THEN 0 ELSE e.s END AS sub
  FROM ends e
  LEFT JOIN pg_rewrite rw ON e.c = 'pg_rewrite'::regclass AND rw.oid = e.o
  LEFT JOIN pg_type t0 ON e.c = 'pg_type'::regclass AND t0.oid = e.o
  LEFT JOIN pg_type ty ON ty.oid = CASE WHEN t0.typcategory = 'A' AND t0.typelem <> 0 AND t0.typsubscript = 'array_subscript_handler'::regproc
                                        THEN t0.typelem ELSE t0.oid END  -- an array: its element
  LEFT JOIN ext x ON x.classid = e.c AND x.objid = COALESCE(ty.oid, e.o) -- array types are members themselves only from 17 on
  LEFT JOIN pg_class tc ON tc.oid = ty.typrelid
  LEFT JOIN pg_range rg ON rg.rngmultitypid = ty.oid
  LEFT JOIN pg_constraint nn ON e.c = 'pg_constraint'::regclass AND nn.oid = e.o AND nn.contype = 'n' AND nn.conrelid <> 0 -- rows exist from 18 on
  LEFT JOIN pg_class cc ON e.c = 'pg_class'::regclass AND cc.oid = e.o
  -- a foreign key has a `conindid` too; that index is another's
  LEFT JOIN pg_constraint ci ON e.c = 'pg_class'::regclass AND cc.relkind IN ('i', 'I') AND ci.conindid = e.o AND ci.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_depend ids ON e.c = 'pg_class'::regclass AND cc.relkind = 'S' AND ids.classid = 'pg_class'::regclass AND ids.objid = e.o AND ids.deptype = 'i'
  LEFT JOIN pg_amop ao ON e.c = 'pg_amop'::regclass AND ao.oid = e.o
  LEFT JOIN pg_amproc ap ON e.c = 'pg_amproc'::regclass AND ap.oid = e.o
)
SELECT DISTINCT k.class::oid, k.oid, k.sub::int4, m.class::oid, m.oid, m.sub::int4
FROM raw r JOIN fact k ON (k.c, k.o, k.s) = (r.classid, r.objid, r.objsubid) JOIN fact m ON (m.c, m.o, m.s) = (r.refclassid, r.refobjid, r.refobjsubid)
WHERE (k.class, k.oid, k.sub) <> (m.class, m.oid, m.sub) AND k.class <> 'pg_extension'::regclass
