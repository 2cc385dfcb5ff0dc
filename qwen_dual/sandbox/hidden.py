"""Where a person's secrets are: what no command in a sandbox reads.

Paths that are not there cost one ``lstat`` each. What belongs to a program that a project's own
commands need (toolchains, caches) stays readable: a sandbox that breaks every build is turned off.
"""

from __future__ import annotations

import functools
import os
import pwd
import stat
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.split())


IN_HOME: Final = _lines("""
    .ssh .gnupg .pki .password-store .age .config/age .config/sops
    .local/share/keyrings .local/share/kwalletd .local/share/gnome-keyring
    .1password .config/1Password .config/op .config/keepassxc .config/KeePass
    .config/Bitwarden .bitwarden-ssh-agent.sock snap/bitwarden
    .vault-token .git-credentials .config/git/credentials .netrc _netrc .authinfo .authinfo.gpg
    .aws .azure .config/gcloud .boto .s3cfg .kube .minikube .oci .ibmcloud .bluemix .aliyun
    .config/doctl .config/hcloud .config/scw .config/linode-cli .config/heroku .config/fly .fly
    .netlify .config/netlify .config/vercel .vercel .wrangler .config/.wrangler .cloudflared
    .railway .supabase .config/stripe .config/configstore .config/ngrok .ngrok2 .sentryclirc
    .databrickscfg .snowsql .snowflake
    .config/rclone .terraform.d .terraformrc .pulumi .config/pulumi .chef .config/helm
    .docker/config.json .docker/run .docker/desktop .docker/contexts .dockercfg
    .colima .lima .orbstack .rd .config/containers/auth.json
    .config/gh .config/hub .config/glab-cli .config/tea .config/github-copilot
    .npmrc .yarnrc .yarnrc.yml .pypirc .cargo/credentials .cargo/credentials.toml .gem/credentials
    .m2/settings.xml .m2/settings-security.xml .gradle/gradle.properties .nuget/NuGet/NuGet.Config
    .composer/auth.json .config/composer/auth.json .config/pypoetry/auth.toml .config/uv/credentials
    .pgpass .my.cnf .mylogin.cnf .config/mongocli .dbvisdb .mongorc.js .redisclirc
    .cache/huggingface/token .huggingface .kaggle .config/kaggle .config/wandb .config/openai
    .qwen .claude .claude.json .codex .gemini .cursor .aider.conf.yml .config/opencode
    .local/share/opencode .continue .config/kimi .kimi .config/goose
    .mozilla .thunderbird .config/google-chrome .config/google-chrome-beta .config/chromium
    .config/BraveSoftware .config/microsoft-edge .config/vivaldi .config/opera .config/zen .zen
    .librewolf .waterfox snap/firefox snap/chromium snap/thunderbird .var/app
    .config/Signal .config/Slack .config/discord .config/Element .config/teams .local/share/TelegramDesktop
    .config/Code/User/globalStorage .config/Cursor .config/evolution .local/share/evolution
    .bitcoin .ethereum .electrum .solana .config/solana .config/Exodus .monero
    .bash_history .zsh_history .zhistory .histfile .python_history .node_repl_history
    .local/share/atuin .config/atuin .local/share/nushell .config/nushell/history.txt
    .psql_history .mysql_history .sqlite_history .rediscli_history .local/share/fish/fish_history
    .Xauthority .ICEauthority .tmux .emacs.d/server .vnc .config/pulse/cookie .msmtprc .muttrc
    .wgetrc .curlrc .config/msmtp .config/neomutt .mbsyncrc .offlineimaprc
""")
"""Below the home folder."""

ON_MACHINE: Final = (
    *_lines("/etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/sudoers /etc/sudoers.d"),
    *_lines("/etc/ssl/private /etc/wireguard /etc/NetworkManager/system-connections"),
    *_lines("/etc/krb5.keytab /etc/kubernetes /etc/rancher /var/lib/kubelet /var/spool/cron"),
    *_lines("/etc/qwen-code /var/lib/docker /var/lib/containerd /var/backups"),
)
"""Of the machine; most of it only root could read anyway."""

SOCKETS: Final = (
    *_lines("/run /var/run /tmp/.X11-unix /tmp/.ICE-unix"),
    # Who may speak with these is as good as root.
    *_lines("/var/lib/lxd/unix.socket /var/snap/lxd/common/lxd/unix.socket"),
    *_lines("/var/snap/lxd/common/lxd-user/unix.socket /var/lib/incus/unix.socket"),
)
"""Where services listen; a connection would be a way around everything else."""

NAMED_BY: Final = _lines("""
    GNUPGHOME AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE AWS_WEB_IDENTITY_TOKEN_FILE
    GOOGLE_APPLICATION_CREDENTIALS CLOUDSDK_CONFIG AZURE_CONFIG_DIR KUBECONFIG DOCKER_CONFIG
    NETRC XAUTHORITY ICEAUTHORITY NPM_CONFIG_USERCONFIG PGPASSFILE VAULT_TOKEN_PATH HISTFILE
    SSH_AUTH_SOCK PASSWORD_STORE_DIR REGISTRY_AUTH_FILE OCI_CLI_CONFIG_FILE QWEN_HOME CODEX_HOME
    CLAUDE_CONFIG_DIR XDG_RUNTIME_DIR
""")
"""Variables that move a secret elsewhere."""

WITHHELD: Final = _lines("""
    SSH_AUTH_SOCK SSH_AGENT_PID SSH_ASKPASS SUDO_ASKPASS GIT_ASKPASS GPG_AGENT_INFO GPG_TTY
    DBUS_SESSION_BUS_ADDRESS DBUS_STARTER_ADDRESS DISPLAY WAYLAND_DISPLAY XAUTHORITY ICEAUTHORITY
    XDG_RUNTIME_DIR DOCKER_HOST CONTAINER_HOST KUBECONFIG GNOME_KEYRING_CONTROL SESSION_MANAGER
    TMUX TMUX_PANE STY SWAYSOCK I3SOCK HYPRLAND_INSTANCE_SIGNATURE KITTY_LISTEN_ON
    WEZTERM_UNIX_SOCKET NVIM NVIM_LISTEN_ADDRESS VSCODE_IPC_HOOK_CLI VSCODE_GIT_IPC_HANDLE
    VSCODE_GIT_ASKPASS_NODE VSCODE_GIT_ASKPASS_MAIN VSCODE_GIT_ASKPASS_EXTRA_ARGS
""")
"""Variables that lead to an agent, a bus, a display or another program's socket."""


_MANY = 16


def homes(env: Mapping[str, str]) -> list[str]:
    """The person's home folders: the one of the environment, and that of the account."""
    found = [env.get("HOME", "")]
    try:
        found.append(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        pass  # an account without an entry, as in some containers
    real = (os.path.realpath(path) for path in found if os.path.isabs(path))
    return [path for path in dict.fromkeys(real) if path != "/"]


def candidates(env: Mapping[str, str], more: Iterable[str] = ()) -> list[str]:
    """Every path that may have to be hidden, whether it is there or not.

    Args:
        env: the person's environment.
        more: further paths, such as the channels' files.
    """
    own = homes(env)
    named = [part for name in NAMED_BY for part in env.get(name, "").split(":") if part]
    found = (
        *(os.path.join(home, name) for home in own for name in IN_HOME),
        # What only root may read needs no hiding from anybody else.
        *(path for path in ON_MACHINE if os.access(path, os.R_OK)),
        *SOCKETS,
        *(path for path in named if os.path.isabs(path)),
        *more,
    )
    # A variable that leads to the home itself, or above it, would hide everything.
    kept = (*own, "/usr", "/etc", "/tmp")
    real = {path: os.path.realpath(path) for path in found}
    return [
        path
        for path in real
        if not real[path].startswith(("/dev", "/proc", "/sys"))
        and not any(within(top, real[path]) for top in kept)
    ]


def present(paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` that are there: real paths, none inside another."""
    folders: dict[str, str] = {}
    return outermost(
        filter(None, (_real(path, folders) for path in _listed(_by_folder(tuple(paths)))))
    )


def _real(path: str, folders: dict[str, str]) -> str:
    """The real path; empty where nothing is there.

    Args:
        path: an absolute path.
        folders: the real paths of the folders that were met so far.
    """
    folder, name = os.path.split(path)
    if name in ("", ".", ".."):
        real = os.path.realpath(path)
    else:
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        real = os.path.join(folders[folder], name)
    try:
        if not stat.S_ISLNK(os.lstat(real).st_mode):
            return real
        # Dotfiles kept elsewhere: what they lead to is what has to be hidden.
        real = os.path.realpath(real)
        os.lstat(real)
    except OSError:
        return ""
    return real


class _Folder(Struct, frozen=True):
    """What may be in one folder.

    Attributes:
        path: the folder.
        names: the paths in it, by what their names are in lower case.
        way: a folder above it that is listed, and the name there that leads to it.
    """

    path: str
    names: Mapping[str, Sequence[str]]
    way: tuple[str, str] | None


@functools.lru_cache(maxsize=4)
def _by_folder(paths: tuple[str, ...]) -> Sequence[_Folder]:
    """``paths`` by folder, those with many first."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in paths:
        folder, name = os.path.split(path)
        found.setdefault(folder, {}).setdefault(name.lower(), []).append(path)
    folders = sorted(found, key=lambda folder: (-len(found[folder]), folder))
    many = [folder for folder in folders if len(found[folder]) >= _MANY]
    made = []
    for folder in folders:
        tops = [top for top in many if top != folder and within(folder, top)]
        above = max(tops, key=len, default=None)
        first = "" if above is None else folder[len(above) :].strip("/").partition("/")[0]
        way = None if above is None else (above, first.lower())
        made.append(_Folder(folder, found[folder], way))
    return made


def _listed(folders: Iterable[_Folder]) -> Iterator[str]:
    """Those that are there: a folder is listed once in place of a look at each of many names.

    Whatever its case: some file systems take one for the other.
    """
    lists: dict[str, set[str]] = {}
    for folder in folders:
        if folder.way is not None:
            above, first = folder.way
            if above in lists and first not in lists[above]:
                continue  # nor is anything in it
        maybe: Iterable[str] = folder.names
        if len(folder.names) >= _MANY:
            try:
                names = lists[folder.path] = set(map(str.lower, os.listdir(folder.path)))
                maybe = folder.names.keys() & names
            except OSError:
                pass  # may be entered and not listed
        for name in maybe:
            yield from filter(os.path.lexists, folder.names[name])


def outermost(paths: Iterable[str]) -> list[str]:
    """``paths``, sorted, without those that lie in another of them."""
    kept: list[str] = []
    for path in sorted(paths, key=lambda path: path.split("/")):
        if not kept or not within(path, kept[-1]):
            kept.append(path)
    return kept


def within(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies in it; both real."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
