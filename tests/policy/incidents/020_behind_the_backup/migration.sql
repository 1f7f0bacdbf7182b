ALTER TABLE user_profiles DROP CONSTRAINT IF EXISTS user_profiles_skills_check;
ALTER TABLE user_profiles
    ADD CONSTRAINT user_profiles_skills_check CHECK (cardinality(skills) <= 200) NOT VALID;
