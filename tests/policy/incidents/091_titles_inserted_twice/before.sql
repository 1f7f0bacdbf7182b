CREATE TABLE instance_relationship (id uuid PRIMARY KEY, kind text NOT NULL);
CREATE TABLE preceding_succeeding_title (id uuid PRIMARY KEY);
INSERT INTO instance_relationship VALUES ('1e772f36-20ac-4429-955b-8cd6c7dd644a', 'succeeding');
