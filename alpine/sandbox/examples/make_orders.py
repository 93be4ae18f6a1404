"""Writes ``orders.csv``, always the same."""

import csv
import random
from pathlib import Path

SEED = 20170401
ROWS = 300
REGIONS = ("north", "south", "east", "west")
STATUSES = ("paid", "paid", "paid", "open", "returned")


def main() -> None:
    """Write the file beside this script."""
    chance = random.Random(SEED)  # noqa: S311 - example data, not a secret
    with Path(__file__).with_name("orders.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["order_id", "customer", "region", "status", "items", "amount", "ordered_on"])
        for number in range(1, ROWS + 1):
            items = chance.randint(1, 9)
            writer.writerow(
                [
                    number,
                    f"C{chance.randint(1, 60):03d}",
                    chance.choice(REGIONS),
                    chance.choice(STATUSES),
                    items,
                    f"{items * chance.uniform(5, 45):.2f}",
                    f"2017-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
                ]
            )


if __name__ == "__main__":
    main()
