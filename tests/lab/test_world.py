"""The internet of the lab: names, time, packages, web sites, the National Diet Library search."""

from xml.etree import ElementTree

SRU = (
    "https://ndlsearch.ndl.go.jp/api/sru?operation=searchRetrieve&version=1.2&recordSchema=dcndl"
    "&recordPacking=xml&query=title%3D%22%E3%83%A1%E3%83%AD%E3%82%B9%22"
)


def test_names_are_answered_and_unknown_ones_do_not_exist(lab):
    def dig(*words: str) -> str:
        return lab.inside("home", "dig", "+noall", "+comments", "+answer", *words).stdout

    assert "198.51.100.20" in dig("opac.library.example", "A")
    assert "2001:db8:0:20::20" in dig("opac.library.example", "AAAA")
    assert "NXDOMAIN" in dig("staff.library.example", "A")
    assert "NXDOMAIN" in dig("example.org", "A")


def test_time_is_served(lab):
    done = lab.inside("vendor", "chronyd", "-Q", "-t", "15", "server 192.0.2.2 iburst")
    assert "System clock wrong by" in done.stdout + done.stderr


def test_web_sites_have_certificates_that_a_plain_client_trusts(lab):
    assert "www.reference.example" in lab.inside("home", "curl", "-sSf", "https://www.reference.example/").stdout
    wrong = lab.inside("home", "curl", "-sS", "https://192.0.2.2/", check=False)
    assert wrong.returncode == 60, wrong.stderr  # not a name in the certificate


def test_the_patron_line_is_a_way_to_the_internet_like_any_other(lab):
    done = lab.inside("pt-central", "curl", "-4sSf", "https://www.elsewhere.example/")
    assert "asked by 203.0.113.66" in done.stdout


def test_the_national_diet_library_answers_sru(lab):
    answer = ElementTree.fromstring(lab.inside("home", "curl", "-sSf", SRU).stdout)  # noqa: S314 - our own
    assert answer.findtext("{http://www.loc.gov/zing/srw/}numberOfRecords") == "1"
    titles = [element.text for element in answer.iter("{http://purl.org/dc/terms/}title")]
    assert titles == ["走れメロス"]


def test_packages_install_from_the_mirror_with_debian_s_own_signature(lab):
    lab.inside("home", "apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update")
    lab.inside("home", "apt-get", "-qy", "--no-install-recommends", "install", "jq")
    assert lab.inside("home", "jq", "--version").stdout.startswith("jq-")
    sources = lab.inside("home", "cat", "/etc/apt/sources.list.d/debian.sources").stdout
    assert "debian-archive-keyring" in sources
    assert "Trusted" not in sources


def test_a_package_that_nobody_needs_is_not_there(lab):
    done = lab.inside("home", "apt-get", "-qy", "--no-install-recommends", "install", "nethack-console", check=False)
    assert done.returncode != 0
    assert "404" in done.stdout + done.stderr
