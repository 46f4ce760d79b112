//! Gems, artifacts of the JVM, and the manual.

use aiex_deps::Ecosystem;

use crate::world::World;

#[test]
fn gems_are_found_in_gem_homes_and_bundlers_folders() {
    let lock = "GIT\n  remote: https://git.example/org/tool.git\n  revision: 0123456789abcdef0123\n  specs:\n    tool (0.1.0)\n\n\
                PATH\n  remote: engines/shop\n  specs:\n    shop (1.0.0)\n\nGEM\n  remote: https://gems.example/\n  specs:\n    \
                nokogiri (1.15.4-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.1)\n\nPLATFORMS\n  x86_64-linux\n\n\
                DEPENDENCIES\n  nokogiri (~> 1.15)\n  shop!\n  tool!\n\nBUNDLED WITH\n   2.4.10\n";
    let world = World::new(&[
        ("repo/Gemfile.lock", lock),
        ("repo/engines/shop/shop.gemspec", ""),
        ("repo/vendor/bundle/ruby/3.2.0/gems/racc-1.7.1/lib/racc.rb", ""),
        ("gems/gems/nokogiri-1.15.4-x86_64-linux/lib/nokogiri.rb", ""),
        (
            "home/.gem/ruby/3.2.0/bundler/gems/tool-0123456789ab/tool.gemspec",
            "",
        ),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            "nokogiri 1.15.4 direct gems/gems/nokogiri-1.15.4-x86_64-linux",
            "racc 1.7.1 indirect repo/vendor/bundle/ruby/3.2.0/gems/racc-1.7.1",
            "shop 1.0.0 direct repo/engines/shop",
            "tool 0.1.0 direct home/.gem/ruby/3.2.0/bundler/gems/tool-0123456789ab",
        ]
    );
}

#[test]
fn artifacts_of_the_jvm_are_names_only() {
    let world = World::new(&[
        (
            "repo/pom.xml",
            "<?xml version=\"1.0\"?>\n<project xmlns=\"http://maven.example/POM/4.0.0\"><groupId>org.us</groupId><version>7</version>\
             <properties><slf.version>2.0.9</slf.version></properties><dependencies><dependency><groupId>org.slf4j</groupId>\
             <artifactId>slf4j-api</artifactId><version>${slf.version}</version></dependency><dependency>\
             <groupId>${project.groupId}</groupId><artifactId>own</artifactId><version>${project.version}</version></dependency>\
             <dependency><groupId>managed</groupId><artifactId>elsewhere</artifactId></dependency></dependencies></project>",
        ),
        (
            "repo/app/gradle.lockfile",
            "# comment\ncom.google.guava:guava:32.1.2-jre=compileClasspath\nempty=annotationProcessor\n",
        ),
        (
            "repo/gradle/libs.versions.toml",
            "[versions]\nkotlin = \"1.9.0\"\n[libraries]\nstdlib = { module = \"org.jetbrains.kotlin:kotlin-stdlib\", version.ref = \"kotlin\" }\n\
             junit = \"junit:junit:4.13\"\nokio = { group = \"com.squareup\", name = \"okio\", version = \"3.6\" }\nbom = { module = \"a:b\" }\n",
        ),
    ]);
    let found = world.find();
    assert_eq!(
        world.lines(&found),
        [
            "com.google.guava:guava 32.1.2-jre indirect -",
            "com.squareup:okio 3.6 direct -",
            "junit:junit 4.13 direct -",
            "org.jetbrains.kotlin:kotlin-stdlib 1.9.0 direct -",
            "org.slf4j:slf4j-api 2.0.9 direct -",
            "org.us:own 7 direct -",
        ]
    );
    assert_eq!(found.notices, []);
}

#[test]
fn sections_of_the_manual_that_have_pages_are_packages() {
    let world = World::new(&[("man/man3/printf.3.gz", ""), ("man/de/man3/printf.3.gz", "")]);
    std::fs::create_dir_all(world.at("man/man1")).unwrap();
    let found = world.find();
    assert_eq!(world.lines(&found), ["man3  indirect man/man3"]);
    assert_eq!(found.packages[0].ecosystem, Ecosystem::Man);
}
