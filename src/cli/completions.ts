import { nearest } from "../book/nearest.ts";
import { HomelabError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import { print } from "./context.ts";

/** The scripts only hand the words on: what they may become is known by the program, which reads the recipes. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_homelab() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") current=\${COMP_WORDS[COMP_CWORD]} line
  # Bash takes --name=value apart at the sign.
  if [[ \${COMP_WORDS[COMP_CWORD-1]} == = ]]; then
    words=("\${COMP_WORDS[@]:1:COMP_CWORD-3}" "\${COMP_WORDS[COMP_CWORD-2]}=$current")
  elif [[ $current == = ]]; then
    words=("\${COMP_WORDS[@]:1:COMP_CWORD-2}" "\${COMP_WORDS[COMP_CWORD-1]}=")
    current=
  fi
  COMPREPLY=()
  case \${COMP_WORDS[COMP_CWORD-1]} in
    -C | --root) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current"); return ;;
  esac
  while IFS= read -r line; do
    [[ $line == *=* && \${words[\${#words[@]}-1]} == *=* ]] && line=\${line#*=}
    COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
}
complete -F _homelab homelab
`,
  zsh: `#compdef homelab
_homelab() {
  if [[ \${words[CURRENT-1]} == (-C|--root) ]]; then
    _files -/
    return
  fi
  local -a found
  found=(\${(f)"$(\${words[1]} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -- $found
}
if [[ \${funcstack[1]} == _homelab ]]; then _homelab "$@"; else compdef _homelab homelab; fi
`,
  fish: `function __homelab_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c homelab -f -a '(__homelab_complete)'
complete -c homelab -s C -l root -r -a '(__fish_complete_directories)'
`,
};

export default makeCommand({
  name: "completions",
  description:
    "Prints the completion script for a shell. It asks the program, which knows recipes, groups and options.",
  usage: "bash|zsh|fish",
  words: { min: 1, max: 1, label: "a shell: bash, zsh or fish" },
  args: {},
  examples: [
    ["homelab completions bash > /etc/bash_completion.d/homelab", "for everybody; or source it in ~/.bashrc"],
    ["homelab completions zsh > ~/.zfunc/_homelab", "a directory of $fpath"],
    ["homelab completions fish > ~/.config/fish/completions/homelab.fish", "found by itself"],
  ],
  async run(_context, [shell = ""]) {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script !== undefined) return print(script);
    const close = nearest(shell, Object.keys(SCRIPTS));
    throw new HomelabError("usage", `there are no completions for \`${shell}\``, {
      hint: close ? `did you mean \`${close}\`?` : "it is bash, zsh or fish",
    });
  },
});
