DELETE FROM workspace_files WHERE file_id NOT IN (SELECT file_id FROM files);
