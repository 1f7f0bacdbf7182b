UPDATE sourcefile SET absolutepath = path WHERE absolutepath = '';
ALTER TABLE sourcefile ALTER COLUMN absolutepath SET NOT NULL;
