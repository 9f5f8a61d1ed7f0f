// Stochastic growth with log utility and full depreciation (Brock and Mirman, 1972).
var c           // consumption
    k           // capital at the end of the period
    z;          // log TFP
varexo e;

parameters alpha beta rho sigma;
alpha = 0.36;   // capital share
beta  = 0.99;   // discount factor
rho   = 0.90;   // persistence of log TFP
sigma = 0.04;   // s.d. of the TFP innovation

model;
  [name = 'Euler equation']
  1/c = beta*alpha*exp(z(+1))*k^(alpha-1)/c(+1);
  [name = 'resources']
  c + k = exp(z)*k(-1)^alpha;
  z = rho*z(-1) + sigma*e;
end;

initval;
  k = 0.2;
  c = 0.3;
  z = 0;
end;

shocks;
  var e; stderr 1;
end;

steady;
check;
stoch_simul(order = 1, irf = 20) c k;
