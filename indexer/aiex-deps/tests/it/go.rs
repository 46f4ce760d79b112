//! Modules of Go, in `go.sum` and the module cache.

use aiex_deps::Origin;

use crate::world::World;

#[test]
fn modules_are_found_in_the_cache_with_their_capitals_escaped() {
    let world = World::new(&[
        (
            "repo/go.mod",
            "module example.org/app\n\ngo 1.21\n\nrequire (\n\tgithub.com/BurntSushi/toml v1.3.2\n\tgolang.org/x/text v0.14.0 // indirect\n)\n\
             require example.org/replaced v1.0.0\nrequire example.org/forked v1.0.0\nrequire example.org/twice v1.0.0\n\n\
             replace example.org/replaced => ./local\nreplace example.org/forked v1.0.0 => github.com/Us/fork v1.1.0\n\
             replace (\n\texample.org/twice v0.9.0 => ./wrong\n)\nexclude example.org/bad v1.0.0\n",
        ),
        (
            "repo/go.sum",
            "github.com/BurntSushi/toml v1.3.2 h1:aa=\ngithub.com/BurntSushi/toml v1.3.2/go.mod h1:bb=\n\
             example.org/old v1.9.0 h1:aa=\nexample.org/old v1.10.0 h1:aa=\nexample.org/only-mod v1.0.0/go.mod h1:aa=\n",
        ),
        ("repo/local/go.mod", "module example.org/replaced\n"),
        ("go/github.com/!burnt!sushi/toml@v1.3.2/go.mod", ""),
        ("go/github.com/!us/fork@v1.1.0/go.mod", ""),
        ("go/example.org/old@v1.10.0/go.mod", ""),
    ]);
    let found = world.find();
    assert_eq!(
        world.lines(&found),
        [
            "example.org/forked v1.1.0 direct go/github.com/!us/fork@v1.1.0",
            "example.org/old v1.10.0 indirect go/example.org/old@v1.10.0",
            "example.org/replaced v1.0.0 direct repo/local",
            "example.org/twice v1.0.0 direct -",
            "github.com/BurntSushi/toml v1.3.2 direct go/github.com/!burnt!sushi/toml@v1.3.2",
            "golang.org/x/text v0.14.0 indirect -",
        ]
    );
    assert_eq!(found.packages[2].origin, Origin::Path);
    assert!(found.packages[1].locked_by.ends_with("go.sum"));
}

#[test]
fn vendored_modules_count_when_their_list_names_the_version() {
    let world = World::new(&[
        (
            "repo/go.mod",
            "module m\nrequire example.org/a v1.0.0\nrequire example.org/b v2.0.0\n",
        ),
        (
            "repo/vendor/modules.txt",
            "# example.org/a v1.0.0\n## explicit\nexample.org/a\n# example.org/b v1.0.0\n",
        ),
        ("repo/vendor/example.org/a/a.go", ""),
        ("repo/vendor/example.org/b/b.go", ""),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            "example.org/a v1.0.0 direct repo/vendor/example.org/a",
            "example.org/b v2.0.0 direct -"
        ]
    );
}
