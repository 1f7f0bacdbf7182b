CREATE TABLE user_profiles (
    id bigint PRIMARY KEY, skills text[] NOT NULL DEFAULT '{}',
    CONSTRAINT user_profiles_skills_check CHECK (cardinality(skills) <= 100)
);
