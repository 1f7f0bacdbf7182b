CREATE TYPE provider AS ENUM ('openai', 'anthropic');
