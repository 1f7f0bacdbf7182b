-- Without CASCADE it is refused unless it is empty.
DROP SCHEMA IF EXISTS attic;
