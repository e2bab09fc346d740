"""peer_dlt.py SOURCE TARGET CHUNK_ROWS FOLDER: dlt loads NDJSON into DuckDB. run.py sets its tuning through the environment."""
import pathlib
import sys

import dlt
from dlt.sources.filesystem import filesystem, read_jsonl


def main():
    source, target, chunk_rows, folder = sys.argv[1:5]
    path = pathlib.Path(source).resolve()
    pipeline = dlt.pipeline("bench", destination=dlt.destinations.duckdb(target), dataset_name="bench", pipelines_dir=folder)
    files = filesystem(path.parent.as_uri(), file_glob=path.name)
    documents = (files | read_jsonl(chunksize=int(chunk_rows))).with_name("items")
    pipeline.run(documents, write_disposition="replace", loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":  # dlt's normalize workers import this file again
    main()
