// A medium-scale linear economy in the manner of Smets and Wouters (2007, Amer. Econ. Rev.): habits, costs of adjusting
// investment, variable utilisation, sticky prices and wages with indexation, and the same economy with flexible prices.
// Parameters are of the size of their estimates.
var y c i q k ks u rk w h pi r mc a b g is ms ps ws yf cf if_ qf kf ksf uf rkf wf hf rf dy;
varexo ea eb eg ei em ep ew;
parameters alpha beta delta hab sigc sigl phi psi xip xiw ip iw rpi ry rdy rho rhoa rhob rhog rhoi rhom rhop rhow
           cy iy rks;
alpha=0.24; beta=0.998; delta=0.025; hab=0.7; sigc=1.4; sigl=1.9; phi=5.5; psi=0.5; xip=0.65; xiw=0.7; ip=0.25; iw=0.58;
rpi=2; ry=0.09; rdy=0.22; rho=0.8; rhoa=0.95; rhob=0.2; rhog=0.97; rhoi=0.7; rhom=0.15; rhop=0.8; rhow=0.9;
cy=0.6; iy=0.2; rks=1/beta-1+delta;
model(linear);
 # lam = (1-hab)/(sigc*(1+hab));
 c = hab/(1+hab)*c(-1) + 1/(1+hab)*c(+1) - lam*(r - pi(+1)) + b;
 i = 1/(1+beta)*i(-1) + beta/(1+beta)*i(+1) + 1/(phi*(1+beta))*q + is;
 q = -(r - pi(+1)) + (1-beta*(1-delta))*rk(+1) + beta*(1-delta)*q(+1) + b/lam;
 y = cy*c + iy*i + g + rks*0.8*u;
 y = 1.6*(alpha*ks + (1-alpha)*h + a);
 ks = k(-1) + u;
 u = (1-psi)/psi*rk;
 k = (1-delta)*k(-1) + delta*i + delta*phi*is;
 mc = (1-alpha)*w + alpha*rk - a;
 pi = ip/(1+beta*ip)*pi(-1) + beta/(1+beta*ip)*pi(+1) + (1-xip)*(1-beta*xip)/xip/(1+beta*ip)*mc + ps;
 rk = -(ks - h) + w;
 w = 1/(1+beta)*w(-1) + beta/(1+beta)*(w(+1)+pi(+1)) - (1+beta*iw)/(1+beta)*pi + iw/(1+beta)*pi(-1)
     - (1-xiw)*(1-beta*xiw)/xiw/(1+beta)*0.2*(w - sigl*h - 1/(1-hab)*(c - hab*c(-1))) + ws;
 r = rho*r(-1) + (1-rho)*(rpi*pi + ry*(y-yf)) + rdy*(y-yf-(y(-1)-yf(-1))) + ms;
 cf = hab/(1+hab)*cf(-1) + 1/(1+hab)*cf(+1) - lam*rf + b;
 if_ = 1/(1+beta)*if_(-1) + beta/(1+beta)*if_(+1) + 1/(phi*(1+beta))*qf + is;
 qf = -rf + (1-beta*(1-delta))*rkf(+1) + beta*(1-delta)*qf(+1) + b/lam;
 yf = cy*cf + iy*if_ + g + rks*0.8*uf;
 yf = 1.6*(alpha*ksf + (1-alpha)*hf + a);
 ksf = kf(-1) + uf;
 uf = (1-psi)/psi*rkf;
 kf = (1-delta)*kf(-1) + delta*if_ + delta*phi*is;
 0 = (1-alpha)*wf + alpha*rkf - a;
 rkf = -(ksf - hf) + wf;
 wf = sigl*hf + 1/(1-hab)*(cf - hab*cf(-1));
 dy = y - y(-1);
 a = rhoa*a(-1) + ea; b = rhob*b(-1) + eb; g = rhog*g(-1) + eg + 0.5*ea; is = rhoi*is(-1) + ei;
 ms = rhom*ms(-1) + em; ps = rhop*ps(-1) + ep; ws = rhow*ws(-1) + ew;
end;
shocks; var ea; stderr 0.45; var eb; stderr 0.1; var eg; stderr 0.5; var ei; stderr 0.4; var em; stderr 0.2; var ep; stderr 0.1; var ew; stderr 0.2; end;
